/**
 * Erases a person (GDPR, article 17). The request makes the proof's row and a job; the job deletes the rows of every
 * collection in slices, the leads last, so that after a crash the next attempt goes on from what is left.
 */
import { Types, trusted } from "mongoose";
import type { Erasure } from "../../../contracts/privacy.contract";
import { cancelJob, enqueue } from "../../../jobs/queue/enqueue";
import type { TenantContext } from "../../../lib/context/tenant.context";
import { keyedHash } from "../../../lib/crypto/keyed.hash";
import { isDuplicateKey } from "../../../lib/db/duplicate.key";
import { failpoint } from "../../../lib/failpoint/failpoint";
import { pageOf } from "../../../lib/query/page";
import { commitChange } from "../../../lib/tenant/commit.change";
import { type CrmModels, getCrmModels } from "../../../lib/tenant/get.crm.model";
import { leftBehindAfterMs, markTenantActive } from "../../../lib/tenant/mark.active";
import type { ErasureRecord } from "../../../model/saas/erasure.schema";
import { invalidReference, notFound } from "../crm/crm.problem";
import { deleteLeadInChange } from "../crm/lead.delete";
import { deleteMediaBytes } from "../media/media.erase";
import { eraseFromQuarantine } from "../whatsapp/quarantine.erase";
import { findPerson, mentions, type Person } from "./person";
import { eraseFromFiles } from "./person.files";
import { deleteRows, personRows } from "./person.rows";
import { type PersonalModel, personalModels } from "./personal.data";

const slice = 200;
const sweptAtOnce = 100;

/**
 * Asks for a person's erasure. From now on the lead is gone from every list and its runs end; the rest follows in the
 * background. Asking again answers what became of the first request.
 * @throws AppError invalid-reference
 */
export async function requestErasure(
  ctx: TenantContext,
  leadId: string,
  reason: string | undefined,
): Promise<Erasure> {
  const models = await getCrmModels(ctx.clientCode);
  const known = await models.Erasure.findOne({ leadId: new Types.ObjectId(leadId) }).lean();
  if (known) return followed(ctx, known);
  const person = await findPerson(models, leadId, invalidReference("/leadId", "lead"));
  const asked = await models.Erasure.findOne({ leadId: person.leadId }).lean();
  if (asked) return followed(ctx, asked);
  const at = ctx.now();
  const record: ErasureRecord = {
    _id: new Types.ObjectId(),
    version: 1,
    leadId: person.leadId,
    state: "queued",
    reason: reason ?? null,
    requestedBy: ctx.actor,
    requestId: ctx.requestId,
    identifierHashes: person.identifiers.map((identifier) => keyedHash("erasure", identifier)),
    counts: {},
    endedAt: null,
    createdAt: at,
    updatedAt: at,
  };
  // From here on the sweep finds it, should we die before it has its job.
  await markTenantActive(ctx.clientCode);
  try {
    await models.Erasure.create([record], { w: "majority" });
  } catch (error) {
    if (!isDuplicateKey(error)) throw error;
    return requestErasure(ctx, leadId, reason);
  }
  return followed(ctx, record);
}

/** What was asked for and is not done has its job, also when whoever asked first died before it had one. */
async function followed(ctx: TenantContext, record: ErasureRecord): Promise<Erasure> {
  if (record.state !== "done") await enqueueErasure(ctx, record._id);
  return toErasure(record);
}

/** Gives erasures that lost their job one again: a person who asked to be forgotten must not ask twice. */
export async function sweepErasures(ctx: TenantContext): Promise<{ taken: number }> {
  const { Erasure } = await getCrmModels(ctx.clientCode);
  const left = await Erasure.find({
    state: trusted({ $in: ["queued", "running"] }),
    updatedAt: trusted({ $lt: new Date(ctx.now().getTime() - leftBehindAfterMs) }),
  })
    .sort({ updatedAt: 1 })
    .limit(sweptAtOnce)
    .select({ _id: 1 })
    .lean();
  for (const { _id } of left) await enqueueErasure(ctx, _id);
  return { taken: left.length };
}

/** The job of a request; one at a time, however often it is asked for. */
async function enqueueErasure(ctx: TenantContext, erasureId: Types.ObjectId): Promise<void> {
  const { clientCode, requestId } = ctx;
  const id = erasureId.toHexString();
  await enqueue({ type: "person.erase", payload: { clientCode, erasureId: id }, requestId, key: id });
}

/**
 * Does a request. Safe to repeat at any point.
 * @param progress is told after each collection, so that a long one is seen to live
 */
export async function performErasure(
  ctx: TenantContext,
  erasureId: string,
  progress: (fraction: number) => Promise<void>,
): Promise<{ state: "done" | "gone"; rows: number }> {
  const models = await getCrmModels(ctx.clientCode);
  const erasure = await models.Erasure.findById(erasureId).lean();
  if (!erasure || erasure.state === "done") return { state: "gone", rows: 0 };
  await models.Erasure.updateOne({ _id: erasure._id }, { $set: { state: "running", updatedAt: ctx.now() } });
  const person = await livingPerson(models, erasure.leadId.toHexString());
  if (person) {
    await hideLeads(ctx, models, person);
    await count(
      models,
      erasure._id,
      "quarantine",
      await eraseFromQuarantine(ctx.clientCode, (raw) => mentions(person, raw)),
    );
    const files = await eraseFromFiles(ctx, person, () => progress(0));
    for (const [collection, went] of Object.entries(files))
      await count(models, erasure._id, collection, went);
    // Once more after a round that found something: what was under way when it began may have written behind it.
    for (let isMore = true; isMore; ) {
      let went = 0;
      for (const [i, name] of personalModels.entries()) {
        went += await eraseRows(ctx, models, { erasureId: erasure._id, name, person });
        await progress((i + 1) / personalModels.length);
        failpoint("amid-erasure");
      }
      isMore = went > 0;
    }
  }
  return finish(ctx, erasure._id);
}

async function livingPerson(models: CrmModels, leadId: string): Promise<Person | null> {
  const isThere = await models.Lead.exists({ _id: new Types.ObjectId(leadId) });
  return isThere && findPerson(models, leadId);
}

/** First nothing may be sent or started any more: rules and senders look for living leads only. */
async function hideLeads(ctx: TenantContext, models: CrmModels, { leadIds }: Person): Promise<void> {
  for (const leadId of leadIds) {
    const lead = await models.Lead.findOne({ _id: leadId, deletedAt: null }).lean();
    if (lead) await commitChange(ctx, (change) => deleteLeadInChange(ctx, change, leadId.toHexString()));
  }
}

async function eraseRows(
  ctx: TenantContext,
  models: CrmModels,
  { erasureId, name, person }: { erasureId: Types.ObjectId; name: PersonalModel; person: Person },
): Promise<number> {
  let went = 0;
  let after: unknown;
  do {
    const { rows, lookedUpTo } = await personRows(models, name, person, { limit: slice, after });
    if (name === "MediaAsset") for (const { _id } of rows) await deleteMediaBytes(ctx, String(_id));
    if (name === "Message")
      for (const { _id } of rows) await cancelJob(ctx.clientCode, "whatsapp.send", String(_id));
    // Counted first: after a crash in between the proof says more than went, never less.
    await count(models, erasureId, models[name].collection.collectionName, rows.length);
    went += await deleteRows(models, name, rows);
    after = lookedUpTo;
  } while (after !== null);
  return went;
}

async function count(
  models: CrmModels,
  erasureId: Types.ObjectId,
  collection: string,
  rows: number,
): Promise<void> {
  if (rows > 0)
    await models.Erasure.updateOne({ _id: erasureId }, { $inc: { [`counts.${collection}`]: rows } });
}

async function finish(
  ctx: TenantContext,
  erasureId: Types.ObjectId,
): Promise<{ state: "done"; rows: number }> {
  const done = await commitChange(ctx, async (change) => {
    const row = await change.models.Erasure.findOneAndUpdate(
      { _id: erasureId },
      { $set: { state: "done", endedAt: change.now, updatedAt: change.now }, $inc: { version: 1 } },
      { session: change.session, returnDocument: "after" },
    ).lean();
    if (row)
      change.record({
        id: `lead_erased:${erasureId.toHexString()}`,
        type: "lead_erased",
        subject: { leadId: row.leadId.toHexString() },
      });
    return row;
  });
  const rows = Object.values(done?.counts ?? {}).reduce((sum, n) => sum + n, 0);
  return { state: "done", rows };
}

/** @throws AppError not-found */
export async function getErasure(ctx: TenantContext, id: string): Promise<Erasure> {
  const { Erasure } = await getCrmModels(ctx.clientCode);
  const record = await Erasure.findById(id).lean();
  if (!record) throw notFound("erasure");
  return toErasure(record);
}

/** Erasures, newest first. @throws AppError invalid-cursor */
export async function listErasures(
  ctx: TenantContext,
  query: { limit: number; cursor?: string | undefined },
): Promise<{ data: Erasure[]; nextCursor: string | null; hasMore: boolean }> {
  const { Erasure } = await getCrmModels(ctx.clientCode);
  const page = await pageOf<ErasureRecord>(ctx, Erasure, {
    route: "listErasures",
    query,
    filter: {},
    sort: { createdAt: -1, _id: -1 },
  });
  return { ...page, data: page.data.map(toErasure) };
}

function toErasure(record: ErasureRecord): Erasure {
  return {
    id: record._id.toHexString(),
    leadId: record.leadId.toHexString(),
    state: record.state,
    reason: record.reason,
    requestedBy: record.requestedBy,
    identifierHashes: record.identifierHashes,
    counts: record.counts,
    requestedAt: record.createdAt.toISOString(),
    endedAt: record.endedAt?.toISOString() ?? null,
  };
}
