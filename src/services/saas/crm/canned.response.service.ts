/** Texts that people of the tenant write often. */
import { type QueryFilter, Types, trusted } from "mongoose";
import type {
  CannedResponse,
  CreateCannedResponse,
  ListCannedResponses,
  UpdateCannedResponse,
} from "../../../contracts/canned.response.contract";
import type { TenantContext } from "../../../lib/context/tenant.context";
import { AppError } from "../../../lib/errors/app.error";
import { type Page, pageOf } from "../../../lib/query/page";
import { type Change, commitChange } from "../../../lib/tenant/commit.change";
import { getCrmModels } from "../../../lib/tenant/get.crm.model";
import type { CannedResponseRecord } from "../../../model/saas/canned.response.schema";
import { changedFields, shownChanges } from "./changed.fields";
import { checkVersion, invalidState, notFound } from "./crm.problem";
import { toTimestamp } from "./lead.serialiser";

const most = 1_000;

/** A canned response by id, at the version the caller saw when `ifMatch` is given. */
export interface CannedResponseAt {
  readonly id: string;
  readonly ifMatch?: number | undefined;
}

/** By short code. @throws AppError invalid-cursor. */
export async function listCannedResponses(
  ctx: TenantContext,
  query: ListCannedResponses,
): Promise<Page<CannedResponse>> {
  const { CannedResponse } = await getCrmModels(ctx.clientCode);
  const { startsWith } = query;
  // Short codes hold lower case letters, digits and underscores only, all of which stand before "{".
  const filter: QueryFilter<CannedResponseRecord> =
    startsWith === undefined ? {} : { shortCode: trusted({ $gte: startsWith, $lt: `${startsWith}{` }) };
  const page = await pageOf(ctx, CannedResponse, {
    route: "listCannedResponses",
    query,
    filter,
    sort: { shortCode: 1 },
  });
  return { ...page, data: page.data.map(toCannedResponse) };
}

/** @throws AppError not-found. */
export async function getCannedResponse(ctx: TenantContext, id: string): Promise<CannedResponse> {
  const { CannedResponse } = await getCrmModels(ctx.clientCode);
  const record = await CannedResponse.findById(new Types.ObjectId(id)).lean();
  if (!record) throw notFound("canned response");
  return toCannedResponse(record);
}

/** @throws AppError duplicate (names `cannedResponseId`) for a short code in use, invalid-state above the limit. */
export async function createCannedResponse(
  ctx: TenantContext,
  input: CreateCannedResponse,
): Promise<CannedResponse> {
  return commitChange(ctx, async (change) => {
    const { CannedResponse } = change.models;
    const { session, now } = change;
    await refuseTwin(change, input.shortCode);
    if ((await CannedResponse.countDocuments({}).session(session)) >= most)
      throw invalidState(`A tenant has at most ${most} canned responses. Delete one first.`);
    const record: CannedResponseRecord = {
      _id: new Types.ObjectId(),
      version: 1,
      createdAt: now,
      updatedAt: now,
      ...input,
      createdBy: ctx.actor,
    };
    await CannedResponse.insertMany([record], { session });
    tell(change, null, record);
    return toCannedResponse(record);
  });
}

/** @throws AppError not-found, precondition-failed, duplicate. */
export async function updateCannedResponse(
  ctx: TenantContext,
  at: CannedResponseAt,
  patch: UpdateCannedResponse,
): Promise<CannedResponse> {
  return commitChange(ctx, async (change) => {
    const before = await responseInChange(change, at);
    const given = Object.fromEntries(Object.entries(patch).filter(([, value]) => value !== undefined));
    const after: CannedResponseRecord = { ...before, ...given };
    if (Object.keys(changedFields(before, after)).length === 0) return toCannedResponse(before);
    if (after.shortCode !== before.shortCode) await refuseTwin(change, after.shortCode);
    const saved = { ...after, version: before.version + 1, updatedAt: change.now };
    await change.models.CannedResponse.updateOne(
      { _id: before._id },
      { $set: changedFields(before, saved) },
      { session: change.session },
    );
    tell(change, before, saved);
    return toCannedResponse(saved);
  });
}

/** @throws AppError not-found, precondition-failed. */
export async function deleteCannedResponse(ctx: TenantContext, at: CannedResponseAt): Promise<void> {
  await commitChange(ctx, async (change) => {
    const before = await responseInChange(change, at);
    await change.models.CannedResponse.deleteOne({ _id: before._id }, { session: change.session });
    tell(change, before, null);
  });
}

async function responseInChange(
  change: Change,
  { id, ifMatch }: CannedResponseAt,
): Promise<CannedResponseRecord> {
  const record = await change.models.CannedResponse.findById(new Types.ObjectId(id))
    .session(change.session)
    .lean();
  if (!record) throw notFound("canned response");
  checkVersion(record, ifMatch, toCannedResponse);
  return record;
}

async function refuseTwin({ models, session }: Change, shortCode: string): Promise<void> {
  const twin = await models.CannedResponse.findOne({ shortCode }).session(session).lean();
  if (!twin) return;
  throw new AppError("duplicate", "A canned response has this short code already. Choose another.", {
    extensions: { cannedResponseId: twin._id.toHexString() },
  });
}

function tell(change: Change, before: CannedResponseRecord | null, after: CannedResponseRecord | null): void {
  const told = after ?? before;
  if (!told) return;
  const action = before === null ? "created" : after === null ? "deleted" : "updated";
  change.record({
    type: "canned_response_updated",
    subject: { cannedResponseId: told._id.toHexString() },
    data: { shortCode: told.shortCode, action },
    changes: shownChanges(before && toCannedResponse(before), after && toCannedResponse(after)),
  });
}

function toCannedResponse(record: CannedResponseRecord): CannedResponse {
  return {
    id: record._id.toHexString(),
    version: record.version,
    shortCode: record.shortCode,
    title: record.title,
    text: record.text,
    createdAt: toTimestamp(record.createdAt),
    updatedAt: toTimestamp(record.updatedAt),
  };
}
