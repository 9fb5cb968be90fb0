/** What the media tests share: a tenant, a context for it, and uploading as a caller does. */

import { createTenantContext } from "../../../src/lib/context/create.context";
import type { TenantContext } from "../../../src/lib/context/tenant.context";
import { getCentralModels } from "../../../src/lib/db/get.central.models";
import type { MediaKind } from "../../../src/lib/media/media.rules";
import { tenantConnection } from "../../../src/lib/tenant/tenant.registry";
import type { MediaAssetRecord } from "../../../src/model/saas/media.asset.schema";
import { completeUpload, openUpload, putPart } from "../../../src/services/saas/media/media.upload.service";
import { createTenant } from "../../builders/client.builder";

export interface MediaTenant {
  readonly ctx: TenantContext;
  readonly tenant: Awaited<ReturnType<typeof createTenant>>;
}

export async function mediaTenant(options: { now?: () => Date } = {}): Promise<MediaTenant> {
  const tenant = await createTenant();
  const ctx = createTenantContext({
    clientCode: tenant.clientCode,
    actor: { type: "api_key", id: "test" },
    requestId: "req_test",
    dispatch: async () => undefined,
  });
  return { tenant, ctx: { ...ctx, ...options } };
}

/** Uploads bytes in parts of `partBytes` and completes the upload. */
export async function upload(
  ctx: TenantContext,
  bytes: Buffer,
  mime: string,
  options: { kind?: MediaKind; fileName?: string; partBytes?: number } = {},
): Promise<MediaAssetRecord> {
  const { partBytes = 4 * 1024 * 1024, ...declared } = options;
  const opened = await openUpload(ctx, { mime, size: bytes.length, ...declared });
  const id = opened._id.toHexString();
  for (let start = 0, n = 1; start < bytes.length; start += partBytes, n++) {
    await putPart(ctx, id, n, bytes.subarray(start, start + partBytes));
  }
  return completeUpload(ctx, id);
}

/** How many files, and how many chunks without a file, the tenant's storage holds. */
export async function stored(ctx: TenantContext): Promise<{ files: number; orphanChunks: number }> {
  const connection = await tenantConnection(ctx.clientCode);
  const files = await connection.collection("media.files").find({}).toArray();
  const known = new Set(files.map((file) => String(file._id)));
  const chunks = await connection
    .collection("media.chunks")
    .find({}, { projection: { files_id: 1 } })
    .toArray();
  return {
    files: files.length,
    orphanChunks: chunks.filter((chunk) => !known.has(String(chunk.files_id))).length,
  };
}

/** The types of the jobs that wait for an item. */
export async function jobsFor(mediaId: string): Promise<string[]> {
  const { Job } = await getCentralModels();
  return (await Job.find({ "payload.mediaId": mediaId }).lean()).map((job) => job.type);
}
