/** Searches for leads that people keep under a name. */
import { Types } from "mongoose";
import type {
  CreateSavedSearch,
  SavedSearch,
  UpdateSavedSearch,
} from "../../../contracts/saved.search.contract";
import type { TenantContext } from "../../../lib/context/tenant.context";
import { AppError } from "../../../lib/errors/app.error";
import { invalidRequest } from "../../../lib/http/validation.problem";
import { type Page, pageOf } from "../../../lib/query/page";
import { type Change, commitChange } from "../../../lib/tenant/commit.change";
import { type CrmModels, getCrmModels } from "../../../lib/tenant/get.crm.model";
import type { SavedSearchRecord } from "../../../model/saas/saved.search.schema";
import { changedFields } from "./changed.fields";
import { checkVersion, invalidState, notFound } from "./crm.problem";
import { searchFilter } from "./lead.search";
import { toTimestamp } from "./lead.serialiser";

const most = 1_000;

/** A saved search by id, at the version the caller saw when `ifMatch` is given. */
export interface SavedSearchAt {
  readonly id: string;
  readonly ifMatch?: number | undefined;
}

/** By name. @throws AppError invalid-cursor. */
export async function listSavedSearches(
  ctx: TenantContext,
  query: { limit: number; cursor?: string | undefined },
): Promise<Page<SavedSearch>> {
  const { SavedSearch } = await getCrmModels(ctx.clientCode);
  const page = await pageOf(ctx, SavedSearch, {
    route: "listSavedSearches",
    query,
    filter: {},
    sort: { name: 1 },
  });
  return { ...page, data: page.data.map(toSavedSearch) };
}

/** @throws AppError not-found. */
export async function getSavedSearch(ctx: TenantContext, id: string): Promise<SavedSearch> {
  return toSavedSearch(await findSavedSearch(await getCrmModels(ctx.clientCode), id));
}

/** @throws AppError not-found. */
async function findSavedSearch(models: CrmModels, id: string): Promise<SavedSearchRecord> {
  const record = await models.SavedSearch.findById(new Types.ObjectId(id)).lean();
  if (!record) throw notFound("saved search");
  return record;
}

/** @throws AppError validation-failed with a pointer into the condition, duplicate for a name in use, invalid-state. */
export async function createSavedSearch(ctx: TenantContext, input: CreateSavedSearch): Promise<SavedSearch> {
  await searchFilter(ctx, await getCrmModels(ctx.clientCode), input);
  return commitChange(ctx, async (change) => {
    const { SavedSearch } = change.models;
    const { session, now } = change;
    await refuseTwin(change, input.name);
    if ((await SavedSearch.countDocuments({}).session(session)) >= most)
      throw invalidState(`A tenant has at most ${most} saved searches. Delete one first.`);
    const record: SavedSearchRecord = {
      _id: new Types.ObjectId(),
      version: 1,
      createdAt: now,
      updatedAt: now,
      name: input.name,
      condition: input.condition ?? null,
      query: input.query ?? null,
      createdBy: ctx.actor,
    };
    await SavedSearch.insertMany([record], { session });
    tell(change, record, "created");
    return toSavedSearch(record);
  });
}

/** @throws AppError not-found, precondition-failed, duplicate, validation-failed. */
export async function updateSavedSearch(
  ctx: TenantContext,
  at: SavedSearchAt,
  patch: UpdateSavedSearch,
): Promise<SavedSearch> {
  const { condition, query } = patch;
  await searchFilter(ctx, await getCrmModels(ctx.clientCode), {
    condition: condition ?? undefined,
    query: query ?? undefined,
  });
  return commitChange(ctx, async (change) => {
    const before = await searchInChange(change, at);
    const given = Object.fromEntries(Object.entries(patch).filter(([, value]) => value !== undefined));
    const after: SavedSearchRecord = { ...before, ...given };
    if (after.condition === null && after.query === null)
      throw invalidRequest([
        { pointer: "", code: "validation-failed", detail: "must have a condition, words, or both" },
      ]);
    if (Object.keys(changedFields(before, after)).length === 0) return toSavedSearch(before);
    if (after.name !== before.name) await refuseTwin(change, after.name);
    const saved = { ...after, version: before.version + 1, updatedAt: change.now };
    await change.models.SavedSearch.updateOne(
      { _id: before._id },
      { $set: changedFields(before, saved) },
      { session: change.session },
    );
    tell(change, saved, "updated");
    return toSavedSearch(saved);
  });
}

/** Broadcasts that have started keep whom it found. @throws AppError not-found, precondition-failed. */
export async function deleteSavedSearch(ctx: TenantContext, at: SavedSearchAt): Promise<void> {
  await commitChange(ctx, async (change) => {
    const before = await searchInChange(change, at);
    await change.models.SavedSearch.deleteOne({ _id: before._id }, { session: change.session });
    tell(change, before, "deleted");
  });
}

async function searchInChange(change: Change, { id, ifMatch }: SavedSearchAt): Promise<SavedSearchRecord> {
  const record = await change.models.SavedSearch.findById(new Types.ObjectId(id))
    .session(change.session)
    .lean();
  if (!record) throw notFound("saved search");
  checkVersion(record, ifMatch, toSavedSearch);
  return record;
}

async function refuseTwin({ models, session }: Change, name: string): Promise<void> {
  const twin = await models.SavedSearch.findOne({ name }).session(session).lean();
  if (!twin) return;
  throw new AppError("duplicate", "A saved search has this name already. Choose another.", {
    extensions: { savedSearchId: twin._id.toHexString() },
  });
}

function tell(change: Change, { _id }: SavedSearchRecord, action: string): void {
  change.record({
    type: "saved_search_updated",
    subject: { savedSearchId: _id.toHexString() },
    data: { action },
  });
}

function toSavedSearch(record: SavedSearchRecord): SavedSearch {
  return {
    id: record._id.toHexString(),
    version: record.version,
    name: record.name,
    condition: record.condition,
    query: record.query,
    createdAt: toTimestamp(record.createdAt),
    updatedAt: toTimestamp(record.updatedAt),
  };
}
