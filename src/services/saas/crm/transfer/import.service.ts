/** Imports as callers see them: opened, followed, committed, cancelled. The work is the job's (`import.run`). */
import { Types, trusted } from "mongoose";
import type { CreateImport, Import } from "../../../../contracts/transfer.contract";
import { cancelJob, enqueue } from "../../../../jobs/queue/enqueue";
import type { TenantContext } from "../../../../lib/context/tenant.context";
import { tenantMediaStorage } from "../../../../lib/media/storage/gridfs.storage";
import { type Page, pageOf } from "../../../../lib/query/page";
import { type CrmModels, getCrmModels } from "../../../../lib/tenant/get.crm.model";
import { markTenantActive } from "../../../../lib/tenant/mark.active";
import type { LeadImportRecord } from "../../../../model/saas/lead.import.schema";
import { invalidReference, invalidState, notFound } from "../crm.problem";
import { findStageById } from "../stage.lookup";
import { requireUsers } from "../user.read";
import { toImport } from "./transfer.serialiser";

/** How long files, results and their records are kept. */
export const transferDays = 7;
const dayMs = 24 * 60 * 60_000;

/** Takes a file and begins. @throws AppError invalid-reference for the media item, or the stage or owner of new leads. */
export async function createImport(ctx: TenantContext, input: CreateImport): Promise<Import> {
  const models = await getCrmModels(ctx.clientCode);
  const { stageId, ownerId } = input.defaults;
  if (ownerId) await requireUsers(ctx, [ownerId], "/defaults/ownerId");
  if (stageId && !(await findStageById(models, stageId, null)))
    throw invalidReference("/defaults/stageId", "stage");
  const source = await sourceOf(ctx, models, input);
  const now = ctx.now();
  const { delimiter, mapping, matchBy, onMatch, defaultCountry, runRules, decimalComma } = input;
  const record = {
    _id: new Types.ObjectId(),
    version: 1,
    createdAt: now,
    updatedAt: now,
    mode: input.mode,
    state: "queued" as const,
    format: input.format,
    fileName: input.fileName ?? source.fileName,
    sourceKey: source.key,
    sourceIsMedia: source.bytes === null,
    sourceBytes: source.size,
    settings: {
      delimiter: delimiter ?? null,
      mapping: mapping ?? null,
      defaultCountry: defaultCountry ?? null,
      defaults: present(input.defaults),
      matchBy,
      onMatch,
      runRules,
      decimalComma,
    },
    requestId: ctx.requestId,
    createdBy: ctx.actor,
    expiresAt: new Date(now.getTime() + transferDays * dayMs),
  };
  await markTenantActive(ctx.clientCode);
  const [created] = await models.LeadImport.insertMany([record]);
  if (!created) throw new Error("The import was not stored.");
  // The record first: it names the bytes, so that none lie about for ever.
  const { bytes } = source;
  if (bytes) await (await tenantMediaStorage(ctx.clientCode)).write(source.key, once(bytes));
  await enqueueImport(ctx, record);
  return getImport(ctx, record._id.toHexString());
}

/** The same job again is no second one. */
export async function enqueueImport(
  ctx: TenantContext,
  { _id, mode }: Pick<LeadImportRecord, "_id" | "mode">,
): Promise<void> {
  const importId = _id.toHexString();
  await enqueue({
    type: "leads.import",
    payload: { clientCode: ctx.clientCode, importId },
    requestId: ctx.requestId,
    key: `${importId}:${mode}`,
  });
}

/** @throws AppError not-found. */
export async function getImport(ctx: TenantContext, id: string): Promise<Import> {
  return toImport(await findImport(ctx, id));
}

export async function findImport(ctx: TenantContext, id: string): Promise<LeadImportRecord> {
  const { LeadImport } = await getCrmModels(ctx.clientCode);
  const record = await LeadImport.findById(new Types.ObjectId(id)).lean();
  if (!record) throw notFound("import");
  return record;
}

/** Newest first. */
export async function listImports(
  ctx: TenantContext,
  query: { limit: number; cursor?: string | undefined },
): Promise<Page<Import>> {
  const { LeadImport } = await getCrmModels(ctx.clientCode);
  const page = await pageOf(ctx, LeadImport, {
    route: "listImports",
    query,
    filter: {},
    sort: { createdAt: -1, _id: -1 },
  });
  return { ...page, data: page.data.map(toImport) };
}

/** Does what the preview showed; asked again it answers the same. @throws AppError not-found, invalid-state. */
export async function commitImport(ctx: TenantContext, id: string): Promise<Import> {
  const { LeadImport, LeadImportError } = await getCrmModels(ctx.clientCode);
  const _id = new Types.ObjectId(id);
  const before = await findImport(ctx, id);
  if (before.mode === "preview" && before.state === "previewed") {
    const storage = await tenantMediaStorage(ctx.clientCode);
    // The preview's own refusals only: a commit that began meanwhile writes later ones.
    const [last] = await LeadImportError.find({ importId: _id }, { _id: 1 })
      .sort({ _id: -1 })
      .limit(1)
      .lean();
    const { modifiedCount } = await LeadImport.updateOne(
      { _id, state: "previewed", mode: "preview" },
      {
        $set: {
          mode: "commit",
          state: "queued",
          counts: { rows: 0, created: 0, updated: 0, unchanged: 0, skipped: 0, failed: 0 },
          samples: [],
          row: 0,
          progress: 0,
          tries: 0,
          errorKey: null,
          errorBytes: null,
          endedAt: null,
          updatedAt: ctx.now(),
        },
        $inc: { version: 1 },
      },
    );
    if (modifiedCount === 1) {
      if (before.errorKey) await storage.delete(before.errorKey);
      if (last) await LeadImportError.deleteMany({ importId: _id, _id: trusted({ $lte: last._id }) });
      await markTenantActive(ctx.clientCode);
    }
  } else if (before.mode !== "commit" || before.state === "failed" || before.state === "cancelled") {
    throw invalidState(`The import is ${before.state}: only one that was previewed can be committed.`);
  }
  const after = await findImport(ctx, id);
  if (after.state === "queued") await enqueueImport(ctx, after);
  return toImport(after);
}

/**
 * Stops an import. What it did stays; asked again it answers the same.
 * @throws AppError not-found, invalid-state when it is over.
 */
export async function cancelImport(ctx: TenantContext, id: string): Promise<Import> {
  const { LeadImport } = await getCrmModels(ctx.clientCode);
  const now = ctx.now();
  await LeadImport.updateOne(
    { _id: new Types.ObjectId(id), state: trusted({ $in: ["queued", "running", "previewed"] }) },
    { $set: { state: "cancelled", endedAt: now, updatedAt: now }, $inc: { version: 1 } },
  );
  const record = await findImport(ctx, id);
  if (record.state !== "cancelled")
    throw invalidState(`The import is ${record.state}: nothing is left to cancel.`);
  await cancelJob(ctx.clientCode, "leads.import", `${id}:${record.mode}`);
  return toImport(record);
}

interface Source {
  readonly key: string;
  readonly size: number;
  readonly fileName: string | null;
  /** To be stored under the key; null when they lie there. */
  readonly bytes: Uint8Array | null;
}

async function sourceOf(ctx: TenantContext, { MediaAsset }: CrmModels, input: CreateImport): Promise<Source> {
  if (input.text !== undefined) {
    const bytes = Buffer.from(input.text);
    const key = (await tenantMediaStorage(ctx.clientCode)).newKey();
    return { key, size: bytes.length, fileName: null, bytes };
  }
  const media = input.mediaId
    ? await MediaAsset.findOne({
        _id: new Types.ObjectId(input.mediaId),
        state: "ready",
        kind: "document",
      }).lean()
    : null;
  const original = media?.renditions.find(({ role }) => role === "original");
  if (!media || !original) throw invalidReference("/mediaId", "completed upload of a text file");
  return { key: original.storageKey, size: original.size, fileName: media.fileName, bytes: null };
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

function present({ stageId, ownerId, source, tags }: CreateImport["defaults"]) {
  return {
    ...(stageId ? { stageId } : {}),
    ...(ownerId ? { ownerId } : {}),
    ...(source ? { source } : {}),
    ...(tags ? { tags } : {}),
  };
}
