/** Files to download: the refused rows of an import, the leads of an export. */
import type { TenantContext } from "../../../../lib/context/tenant.context";
import { requireRange } from "../../../../lib/http/byte.range";
import { tenantMediaStorage } from "../../../../lib/media/storage/gridfs.storage";
import { invalidState } from "../crm.problem";
import { findExport } from "./export.service";
import { findImport } from "./import.service";

export interface FileContent {
  readonly status: 200 | 206;
  readonly bytes: Buffer;
  readonly headers: Readonly<Record<string, string>>;
}

/** The refused rows as CSV, or a range of them. @throws AppError not-found, invalid-state, use-range, range-not-satisfiable. */
export async function readImportErrors(
  ctx: TenantContext,
  id: string,
  range: string | undefined,
): Promise<FileContent> {
  const { state, errorKey, errorBytes } = await findImport(ctx, id);
  if (errorKey === null || errorBytes === null)
    throw invalidState(
      `The import is ${state} and has no file of refused rows. It is written when the import is over and refused some.`,
    );
  return readFile(
    ctx,
    { parts: [{ key: errorKey, bytes: errorBytes }], mime: "text/csv", name: `errors-${id}.csv` },
    range,
  );
}

/** The file of an export, or a range of it. @throws AppError not-found, invalid-state, use-range, range-not-satisfiable. */
export async function readExport(
  ctx: TenantContext,
  id: string,
  range: string | undefined,
): Promise<FileContent> {
  const { state, format, parts, bytes } = await findExport(ctx, id);
  if (state !== "done" || bytes === null)
    throw invalidState(`The export is ${state}. Its file can be read when it is done.`);
  const mime = format === "csv" ? "text/csv" : "application/json";
  return readFile(ctx, { parts, mime, name: `leads-${id}.${format}` }, range);
}

async function readFile(
  ctx: TenantContext,
  file: { parts: readonly { key: string; bytes: number }[]; mime: string; name: string },
  header: string | undefined,
): Promise<FileContent> {
  const size = file.parts.reduce((sum, { bytes }) => sum + bytes, 0);
  const { start, end, status, headers } = requireRange(header, size);
  const storage = await tenantMediaStorage(ctx.clientCode);
  const chunks: Uint8Array[] = [];
  let at = 0;
  for (const { key, bytes } of file.parts) {
    const range = { start: Math.max(0, start - at), end: Math.min(bytes, end - at) };
    at += bytes;
    if (range.start >= range.end) continue;
    for await (const chunk of storage.read(key, range)) chunks.push(chunk);
  }
  return {
    status,
    bytes: Buffer.concat(chunks),
    headers: {
      "content-type": `${file.mime}; charset=utf-8`,
      "content-disposition": `attachment; filename="${file.name}"`,
      "accept-ranges": "bytes",
      ...headers,
    },
  };
}
