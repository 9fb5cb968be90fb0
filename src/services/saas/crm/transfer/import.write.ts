/** Writes what was planned: rows of many leads at once, with the events each of them would have had alone. */
import { trusted } from "mongoose";
import type { TenantContext } from "../../../../lib/context/tenant.context";
import { rankBetween } from "../../../../lib/rank/rank";
import { leadSearch } from "../../../../lib/search/lead.search";
import type { Change } from "../../../../lib/tenant/commit.change";
import type { LeadRecord } from "../../../../model/saas/lead.schema";
import { changedFields } from "../changed.fields";
import { identityKeysOf } from "../lead.identity";
import { lastRank } from "../lead.move.many";
import { filterableKeys } from "../lead.searchable";
import { recordLeadChanges } from "../lead.update";
import { recordStageEvents, stageData } from "../stage.events";
import { newStay } from "../stage.history";
import type { StagePlace } from "../stage.lookup";
import type { PlannedRow } from "./import.plan";

/** Writes leads, identities and stage history of a plan, by the bare driver: the records are made here. */
export async function writePlanned(
  ctx: TenantContext,
  change: Change,
  planned: readonly PlannedRow[],
  place: StagePlace | null,
): Promise<void> {
  const created = planned.flatMap(({ outcome, after }) => (outcome === "created" && after ? [after] : []));
  await writeCreated(ctx, change, created, place);
  await writeUpdated(change, planned);
}

async function writeCreated(
  ctx: TenantContext,
  change: Change,
  created: readonly LeadRecord[],
  place: StagePlace | null,
): Promise<void> {
  if (created.length === 0) return;
  const { Lead, ContactIdentity, StageHistory } = change.models;
  const { session, now } = change;
  if (place) await rankAtEnd(change, created, place);
  const filterable = await filterableKeys(change.models, session);
  for (const lead of created) lead.search = leadSearch(lead, filterable);
  await Lead.collection.insertMany([...created], { session });
  const identities = created.flatMap((lead) =>
    identityKeysOf(lead).map((_id) => ({ _id, leadId: lead._id })),
  );
  if (identities.length > 0) await insertIdentities(ContactIdentity, identities, change);
  if (place) {
    const stays = created.map((lead) => newStay(ctx, now, lead._id, null, place));
    await StageHistory.collection.insertMany(stays, { session });
  }
  for (const lead of created) {
    change.record({
      type: "lead_created",
      subject: { leadId: lead._id.toHexString() },
      data: { source: lead.source, ...stageData(place) },
    });
    if (place) await recordStageEvents(change, null, lead, place);
  }
}

async function insertIdentities(
  ContactIdentity: Change["models"]["ContactIdentity"],
  rows: { _id: string; leadId: LeadRecord["_id"] }[],
  { session }: Change,
): Promise<void> {
  await ContactIdentity.insertMany(rows, { session });
}

/** In the order of the file, below those that are in the stage already. */
async function rankAtEnd(
  change: Change,
  created: readonly LeadRecord[],
  { stage }: StagePlace,
): Promise<void> {
  let rank = await lastRank(change, stage._id);
  for (const lead of created) {
    rank = rankBetween(rank, null);
    lead.rank = rank;
  }
}

async function writeUpdated(change: Change, planned: readonly PlannedRow[]): Promise<void> {
  const { Lead, ContactIdentity } = change.models;
  const { session, now } = change;
  const updates = planned.flatMap(({ outcome, before, after, changes }) => {
    if (outcome !== "updated" || !before || !after || !changes) return [];
    return [{ before, saved: { ...after, version: before.version + 1, updatedAt: now }, changes }];
  });
  if (updates.length === 0) return;
  const filterable = await filterableKeys(change.models, session);
  for (const { saved } of updates) saved.search = leadSearch(saved, filterable);
  await Lead.collection.bulkWrite(
    updates.map(({ before, saved }) => ({
      updateOne: { filter: { _id: before._id }, update: { $set: changedFields(before, saved) } },
    })),
    { session },
  );
  const lost = updates.flatMap(({ before, saved }) => without(identityKeysOf(before), identityKeysOf(saved)));
  const gained = updates.flatMap(({ before, saved }) =>
    without(identityKeysOf(saved), identityKeysOf(before)).map((_id) => ({ _id, leadId: before._id })),
  );
  if (lost.length > 0) await ContactIdentity.deleteMany({ _id: trusted({ $in: lost }) }, { session });
  if (gained.length > 0) await insertIdentities(ContactIdentity, gained, change);
  for (const { before, saved, changes } of updates) recordLeadChanges(change, before, saved, changes);
}

function without(keys: readonly string[], others: readonly string[]): string[] {
  return keys.filter((key) => !others.includes(key));
}
