/** The tenant's list of reasons for which deals are lost. While it is empty, any key will do. */
import { Types } from "mongoose";
import type { CreateLostReason, LostReason, UpdateLostReason } from "../../../contracts/lost.reason.contract";
import type { TenantContext } from "../../../lib/context/tenant.context";
import { AppError } from "../../../lib/errors/app.error";
import { type Page, pageOf } from "../../../lib/query/page";
import { type Change, commitChange } from "../../../lib/tenant/commit.change";
import { getCrmModels } from "../../../lib/tenant/get.crm.model";
import type { LostReasonRecord } from "../../../model/saas/lost.reason.schema";
import { changedFields, shownChanges } from "./changed.fields";
import { checkVersion, invalidReference, notFound } from "./crm.problem";
import { toTimestamp } from "./lead.serialiser";
import { keyFrom } from "./pipeline.stages";

/** In the tenant's order. */
export async function listLostReasons(
  ctx: TenantContext,
  query: { limit: number; cursor?: string | undefined },
): Promise<Page<LostReason>> {
  const { LostReason } = await getCrmModels(ctx.clientCode);
  const page = await pageOf(ctx, LostReason, {
    route: "listLostReasons",
    query,
    filter: {},
    sort: { order: 1, _id: 1 },
  });
  return { ...page, data: page.data.map(toLostReason) };
}

/** @throws AppError duplicate for a key in use. */
export async function createLostReason(ctx: TenantContext, input: CreateLostReason): Promise<LostReason> {
  return commitChange(ctx, async (change) => {
    const { LostReason } = change.models;
    const { session, now } = change;
    const all = await LostReason.find({}).session(session).lean();
    const key = input.key ?? keyFrom(input.name, new Set(all.map((reason) => reason.key)));
    const twin = all.find((reason) => reason.key === key);
    if (twin)
      throw new AppError("duplicate", "There is a lost reason with this key already. Choose another.", {
        extensions: { lostReasonId: twin._id.toHexString() },
      });
    const order = input.order ?? Math.max(-1, ...all.map((reason) => reason.order)) + 1;
    const base = { _id: new Types.ObjectId(), version: 1, createdAt: now, updatedAt: now };
    const record = { ...base, key, name: input.name, order, archived: false };
    await LostReason.insertMany([record], { session });
    tell(change, null, record);
    return toLostReason(record);
  });
}

/** @throws AppError not-found, precondition-failed. */
export async function updateLostReason(
  ctx: TenantContext,
  { id, ifMatch }: { id: string; ifMatch?: number | undefined },
  patch: UpdateLostReason,
): Promise<LostReason> {
  return commitChange(ctx, async (change) => {
    const before = await reasonInChange(change, id, ifMatch);
    const given = Object.fromEntries(Object.entries(patch).filter(([, value]) => value !== undefined));
    const after = { ...before, ...given };
    if (Object.keys(changedFields(before, after)).length === 0) return toLostReason(before);
    const saved = { ...after, version: before.version + 1, updatedAt: change.now };
    await change.models.LostReason.updateOne(
      { _id: before._id },
      { $set: changedFields(before, saved) },
      { session: change.session },
    );
    tell(change, before, saved);
    return toLostReason(saved);
  });
}

/** Takes it off the list; leads that were lost for it keep its key. @throws AppError not-found, precondition-failed. */
export async function deleteLostReason(
  ctx: TenantContext,
  { id, ifMatch }: { id: string; ifMatch?: number | undefined },
): Promise<void> {
  await commitChange(ctx, async (change) => {
    const before = await reasonInChange(change, id, ifMatch);
    await change.models.LostReason.deleteOne({ _id: before._id }, { session: change.session });
    tell(change, before, null);
  });
}

/** @throws AppError invalid-reference for a key that is not on the list, when there is a list. */
export async function requireLostReason({ models, session }: Change, key: string): Promise<void> {
  const reasons = await models.LostReason.find({}).select({ key: 1, archived: 1 }).session(session).lean();
  if (reasons.length === 0 || reasons.some((reason) => reason.key === key && !reason.archived)) return;
  throw invalidReference("/lostReason", "lost reason");
}

async function reasonInChange(change: Change, id: string, ifMatch?: number): Promise<LostReasonRecord> {
  const record = await change.models.LostReason.findById(new Types.ObjectId(id))
    .session(change.session)
    .lean();
  if (!record) throw notFound("lost reason");
  checkVersion(record, ifMatch, toLostReason);
  return record;
}

function tell(change: Change, before: LostReasonRecord | null, after: LostReasonRecord | null): void {
  const action = before === null ? "created" : after === null ? "deleted" : "updated";
  change.record({
    type: "settings_updated",
    subject: {},
    data: { lostReasonKey: (after ?? before)?.key, action },
    changes: shownChanges(before && toLostReason(before), after && toLostReason(after)),
  });
}

function toLostReason(record: LostReasonRecord): LostReason {
  return {
    id: record._id.toHexString(),
    version: record.version,
    key: record.key,
    name: record.name,
    order: record.order,
    archived: record.archived,
    createdAt: toTimestamp(record.createdAt),
    updatedAt: toTimestamp(record.updatedAt),
  };
}
