/** Broadcasts as people write them: drafts, which may change until they start. */
import { Types } from "mongoose";
import type {
  Broadcast,
  BroadcastRecipient,
  CreateBroadcast,
  ListBroadcasts,
  ListRecipients,
  UpdateBroadcast,
} from "../../../../contracts/broadcast.contract";
import type { TenantContext } from "../../../../lib/context/tenant.context";
import { type Page, pageOf } from "../../../../lib/query/page";
import { type Change, commitChange } from "../../../../lib/tenant/commit.change";
import { getCrmModels } from "../../../../lib/tenant/get.crm.model";
import type { BroadcastRecord } from "../../../../model/saas/broadcast.schema";
import { checkVersion, invalidReference, invalidState, notFound } from "../../crm/crm.problem";
import { searchOf } from "../audience";
import { checkTexts } from "./broadcast.check";
import { tellOfBroadcast, toBroadcast, toRecipient } from "./broadcast.record";

/** A broadcast by id, at the version the caller saw when `ifMatch` is given. */
export interface BroadcastAt {
  readonly id: string;
  readonly ifMatch?: number | undefined;
}

/** @throws AppError validation-failed with pointers, invalid-reference. */
export async function createBroadcast(ctx: TenantContext, input: CreateBroadcast): Promise<Broadcast> {
  await check(ctx, input);
  return commitChange(ctx, async (change) => {
    const record: BroadcastRecord = {
      _id: new Types.ObjectId(),
      version: 1,
      createdAt: change.now,
      updatedAt: change.now,
      ...input,
      state: "draft",
      connectionId: input.connectionId === undefined ? null : new Types.ObjectId(input.connectionId),
      sendWindow: input.sendWindow ?? null,
      search: null,
      gatheredUpTo: null,
      recipients: null,
      hold: null,
      startAt: null,
      startedAt: null,
      endedAt: null,
      requestId: ctx.requestId,
      createdBy: ctx.actor,
    };
    await change.models.Broadcast.insertMany([record], { session: change.session });
    tellOfBroadcast(change, record);
    return toBroadcast(record);
  });
}

/** Changes a draft. @throws AppError not-found, precondition-failed, invalid-state, validation-failed, invalid-reference. */
export async function updateBroadcast(
  ctx: TenantContext,
  at: BroadcastAt,
  patch: UpdateBroadcast,
): Promise<Broadcast> {
  await check(ctx, patch);
  return commitChange(ctx, async (change) => {
    const before = await draftInChange(change, at);
    const { connectionId, ...others } = patch;
    const given = Object.fromEntries(Object.entries(others).filter(([, value]) => value !== undefined));
    const saved: BroadcastRecord = {
      ...before,
      ...given,
      ...(connectionId === undefined
        ? {}
        : { connectionId: connectionId === null ? null : new Types.ObjectId(connectionId) }),
      version: before.version + 1,
      updatedAt: change.now,
    };
    await change.models.Broadcast.replaceOne({ _id: before._id }, saved, { session: change.session });
    tellOfBroadcast(change, saved);
    return toBroadcast(saved);
  });
}

/** Deletes a draft. @throws AppError not-found, precondition-failed, invalid-state. */
export async function deleteBroadcast(ctx: TenantContext, at: BroadcastAt): Promise<void> {
  await commitChange(ctx, async (change) => {
    const before = await draftInChange(change, at);
    await change.models.Broadcast.deleteOne({ _id: before._id }, { session: change.session });
    tellOfBroadcast(change, before);
  });
}

/** @throws AppError not-found. */
export async function getBroadcast(ctx: TenantContext, id: string): Promise<Broadcast> {
  return toBroadcast(await findBroadcast(ctx, id));
}

/** @throws AppError not-found. */
export async function findBroadcast(ctx: TenantContext, id: string): Promise<BroadcastRecord> {
  const { Broadcast } = await getCrmModels(ctx.clientCode);
  const record = await Broadcast.findById(new Types.ObjectId(id)).lean();
  if (!record) throw notFound("broadcast");
  return record;
}

/** Newest first. @throws AppError invalid-cursor. */
export async function listBroadcasts(ctx: TenantContext, query: ListBroadcasts): Promise<Page<Broadcast>> {
  const { Broadcast } = await getCrmModels(ctx.clientCode);
  const page = await pageOf(ctx, Broadcast, {
    route: "listBroadcasts",
    query,
    filter: query.state === undefined ? {} : { state: query.state },
    sort: { createdAt: -1, _id: -1 },
  });
  return { ...page, data: page.data.map(toBroadcast) };
}

/** By what became of them; those of one reason stand together. @throws AppError not-found, invalid-cursor. */
export async function listRecipients(
  ctx: TenantContext,
  { id, ...query }: ListRecipients & { id: string },
): Promise<Page<BroadcastRecipient>> {
  const { _id: broadcastId } = await findBroadcast(ctx, id);
  const { BroadcastRecipient } = await getCrmModels(ctx.clientCode);
  const page = await pageOf(ctx, BroadcastRecipient, {
    route: "listBroadcastRecipients",
    query: Object.assign({ id }, query),
    filter: query.state === undefined ? { broadcastId } : { broadcastId, state: query.state },
    sort: query.state === undefined ? { leadId: 1 } : { code: 1, leadId: 1 },
  });
  return { ...page, data: page.data.map(toRecipient) };
}

async function check(ctx: TenantContext, input: UpdateBroadcast): Promise<void> {
  const models = await getCrmModels(ctx.clientCode);
  if (input.template) await checkTexts(models, input.template.variables);
  if (input.audience) await searchOf(ctx, models, input.audience, "/audience");
  if (
    input.connectionId &&
    !(await models.Connection.exists({ _id: new Types.ObjectId(input.connectionId) }))
  )
    throw invalidReference("/connectionId", "WhatsApp number");
}

async function draftInChange(change: Change, { id, ifMatch }: BroadcastAt): Promise<BroadcastRecord> {
  const record = await change.models.Broadcast.findById(new Types.ObjectId(id))
    .session(change.session)
    .lean();
  if (!record) throw notFound("broadcast");
  checkVersion(record, ifMatch, toBroadcast);
  if (record.state !== "draft")
    throw invalidState(`Only a draft can be changed; this broadcast is ${record.state}. Make a new one.`);
  return record;
}
