/** Writes what was planned: rows of many leads at once, with the events each of them would have had alone. */
import { trusted } from "mongoose";
import type { TenantContext } from "../../../../lib/context/tenant.context";
import { leadSearch } from "../../../../lib/search/lead.search";
import type { Change } from "../../../../lib/tenant/commit.change";
import type { ContactIdentityRecord } from "../../../../model/saas/contact.identity.schema";
import type { LeadRecord } from "../../../../model/saas/lead.schema";
import { changedFields } from "../changed.fields";
import { identityKeysOf } from "../lead.identity";
import { ranksAtEnd } from "../lead.place";
import { filterableKeys } from "../lead.searchable";
import { recordLeadChanges } from "../lead.update";
import { recordStageEvents, stageData } from "../stage.events";
import { newStay } from "../stage.history";
import type { StagePlace } from "../stage.lookup";
import { noteNames } from "../vocabulary.note";
import type { Plan } from "./import.plan";

/** A lead is not as the plan knows it any more: it must be made again. */
export class StalePlan extends Error {
  override readonly name = "StalePlan";
}

/** Whether a plan changes any lead. */
export function changesLeads({ rows }: Plan): boolean {
  return rows.some(({ outcome }) => outcome === "created" || outcome === "updated");
}

/**
 * Writes leads, identities and stage history of a plan, by the bare driver: the records are made here.
 * @throws StalePlan, or the driver's duplicate key, when somebody was faster.
 */
export async function writePlanned(ctx: TenantContext, change: Change, plan: Plan): Promise<void> {
  const { ContactIdentity } = change.models;
  if (plan.givenUp.length > 0)
    await ContactIdentity.deleteMany(
      { _id: trusted({ $in: plan.givenUp }), retiredAt: trusted({ $ne: null }) },
      { session: change.session },
    );
  await noteNames(
    change,
    plan.rows.flatMap(({ outcome, after }) =>
      after && (outcome === "created" || outcome === "updated") ? [after] : [],
    ),
  );
  await writeCreated(ctx, change, plan);
  await writeUpdated(change, plan);
}

async function writeCreated(ctx: TenantContext, change: Change, { rows, place }: Plan): Promise<void> {
  const created = rows.flatMap(({ outcome, after }) => (outcome === "created" && after ? [after] : []));
  if (created.length === 0) return;
  const { Lead, StageHistory } = change.models;
  const { session, now } = change;
  if (place) await rankAtEnd(ctx, change, created, place);
  const filterable = await filterableKeys(change.models, session);
  for (const lead of created) lead.search = leadSearch(lead, filterable);
  await Lead.collection.insertMany([...created], { session });
  const identities = created.flatMap((lead) =>
    identityKeysOf(lead).map((_id) => ({ _id, leadId: lead._id, retiredAt: null })),
  );
  if (identities.length > 0) await insertIdentities(change, identities);
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
  { models, session }: Change,
  rows: readonly ContactIdentityRecord[],
): Promise<void> {
  await models.ContactIdentity.insertMany(rows, { session, lean: true });
}

/** In the order of the file, below those that are in the stage already. */
async function rankAtEnd(
  ctx: TenantContext,
  change: Change,
  created: readonly LeadRecord[],
  { stage }: StagePlace,
): Promise<void> {
  const ranks = await ranksAtEnd(ctx, change, stage._id, created.length);
  for (const [index, lead] of created.entries()) lead.rank = ranks[index] ?? null;
}

async function writeUpdated(change: Change, { rows }: Plan): Promise<void> {
  const { Lead, ContactIdentity } = change.models;
  const { session, now } = change;
  const updates = rows.flatMap(({ outcome, before, after, changes }) => {
    if (outcome !== "updated" || !before || !after || !changes) return [];
    return [{ before, saved: { ...after, version: before.version + 1, updatedAt: now }, changes }];
  });
  if (updates.length === 0) return;
  const filterable = await filterableKeys(change.models, session);
  const { matchedCount } = await Lead.collection.bulkWrite(
    updates.map(({ before, saved }) => {
      const searched = (lead: LeadRecord) => ({ ...lead, search: leadSearch(lead, filterable) });
      const $set = changedFields(searched(before), searched(saved));
      // An inbound message moves the time of a consent without a new version.
      const consent = "consent" in $set ? { consent: before.consent } : {};
      const filter = { _id: before._id, version: before.version, deletedAt: null, ...consent };
      return { updateOne: { filter, update: { $set } } };
    }),
    { session },
  );
  if (matchedCount < updates.length) throw new StalePlan("A lead was changed since the plan was made.");
  const lost = updates.flatMap(({ before, saved }) => without(identityKeysOf(before), identityKeysOf(saved)));
  const gained = updates.flatMap(({ before, saved }) =>
    without(identityKeysOf(saved), identityKeysOf(before)).map((_id) => ({
      _id,
      leadId: before._id,
      retiredAt: null,
    })),
  );
  if (lost.length > 0) await ContactIdentity.deleteMany({ _id: trusted({ $in: lost }) }, { session });
  if (gained.length > 0) await insertIdentities(change, gained);
  for (const { before, saved, changes } of updates) recordLeadChanges(change, before, saved, changes);
}

function without(keys: readonly string[], others: readonly string[]): string[] {
  return keys.filter((key) => !others.includes(key));
}
