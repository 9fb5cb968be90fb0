import { Types } from "mongoose";
import { type UpdateLead, updateLeadSchema } from "../../../contracts/lead.input.contract";
import type { TenantContext } from "../../../lib/context/tenant.context";
import type { Change } from "../../../lib/tenant/commit.change";
import type { LeadRecord } from "../../../model/saas/lead.schema";
import { fieldChanges } from "./changed.fields";
import { checkVersion } from "./crm.problem";
import { requireCustomValues } from "./custom.field.values";
import { consentFrom } from "./lead.consent";
import { phoneFrom } from "./lead.create";
import { claimIdentities, duplicateLead, findTwin, identityKeysOf, releaseIdentities } from "./lead.identity";
import { displayNameOf } from "./lead.name";
import { requireOwner, tellOwner } from "./lead.owner";
import { livingLead, saveLead } from "./lead.record";
import { toLead } from "./lead.serialiser";
import { recordTagEvents } from "./lead.tags";
import { requireTeam } from "./team.pick";

/** What `lead_updated` speaks of; tags have events of their own. */
const watched = new Set(Object.keys(updateLeadSchema.shape).filter((name) => name !== "tags"));

/**
 * Changes a lead in somebody's change by merge patch. Nothing new, no event and no new version.
 * @throws AppError not-found, precondition-failed, duplicate naming the twin, invalid-phone.
 */
export async function updateLeadInChange(
  ctx: TenantContext,
  change: Change,
  leadId: string | Types.ObjectId,
  patch: UpdateLead,
  ifMatch?: number,
): Promise<LeadRecord> {
  const before = await livingLead(change, leadId);
  checkVersion(before, ifMatch, toLead);
  await requireCustomValues(change, patch.custom);
  if (patch.teamId !== before.teamId?.toHexString()) await requireTeam(change, patch.teamId);
  await requireOwner(ctx, patch.ownerId, before.ownerId);
  const saved = await writeLeadInChange(ctx, change, before, await patched(change, before, patch));
  await tellOwner(ctx, change, saved, before.ownerId);
  return saved;
}

/** Writes a new state of a lead's own fields with its events; identities follow. */
async function writeLeadInChange(
  _ctx: TenantContext,
  change: Change,
  before: LeadRecord,
  after: LeadRecord,
): Promise<LeadRecord> {
  const { changes, any } = leadChanges(before, after);
  if (!any) return before;
  await moveIdentities(change, before, after);
  const saved = await saveLead(change, before, after);
  recordLeadChanges(change, before, saved, changes);
  return saved;
}

/** What two states of a lead differ in, as events show it; `any` also counts the tags, which have events of their own. */
export function leadChanges(
  before: LeadRecord,
  after: LeadRecord,
): { changes: ReturnType<typeof fieldChanges>; any: boolean } {
  const changes = fieldChanges(toLead(before), toLead(after), watched);
  const tagsDiffer = after.tags.join("\n") !== before.tags.join("\n");
  return { changes, any: tagsDiffer || Object.keys(changes).length > 0 };
}

/** Tells of a lead's new state: its fields, its owner, its tags. */
export function recordLeadChanges(
  change: Change,
  before: LeadRecord,
  saved: LeadRecord,
  changes: ReturnType<typeof fieldChanges>,
): void {
  const subject = { leadId: before._id.toHexString() };
  if (Object.keys(changes).length > 0) change.record({ type: "lead_updated", subject, changes });
  if (changes.ownerId)
    change.record({
      type: "owner_changed",
      subject,
      data: { fromOwnerId: before.ownerId, toOwnerId: saved.ownerId },
    });
  recordTagEvents(change, before, saved);
}

async function patched(change: Change, before: LeadRecord, patch: UpdateLead): Promise<LeadRecord> {
  const { phone } = patch;
  const known = phone === undefined || phone === before.phone?.e164;
  return patchedLead(before, patch, known ? before.phone : await phoneFrom(change, phone), change.now);
}

/** A lead after a merge patch; its phone comes parsed. Pure. */
export function patchedLead(
  before: LeadRecord,
  patch: UpdateLead,
  phone: LeadRecord["phone"],
  now: Date,
): LeadRecord {
  const { phone: _raw, email, externalIds, custom, consent, displayName, teamId, ...plain } = patch;
  const given = Object.fromEntries(Object.entries(plain).filter(([, value]) => value !== undefined));
  const after: LeadRecord = { ...before, ...given, phone };
  if (email !== undefined) after.emailLower = email;
  if (teamId !== undefined) after.teamId = teamId === null ? null : new Types.ObjectId(teamId);
  if (!after.doNotContact) after.doNotContactReason = null;
  if (custom) after.custom = merged(before.custom, custom);
  if (externalIds) after.externalIds = withExternalIds(before.externalIds, externalIds);
  if (consent) after.consent = consentFrom(consent, before.consent, now);
  const nameWasMade = before.displayName === displayNameOf(before);
  after.displayName = displayName ?? (nameWasMade ? displayNameOf(after) : before.displayName);
  return after;
}

/** A system's id that the lead goes by already is not written again: a merged lead keeps the others it has there. */
function withExternalIds(
  stored: LeadRecord["externalIds"],
  patch: Readonly<Record<string, string | null>>,
): LeadRecord["externalIds"] {
  const fresh = Object.entries(patch).filter(
    ([system, id]) => !stored.some((known) => known.system === system && known.id === id),
  );
  const written = new Set(fresh.map(([system]) => system));
  const kept = stored.filter(({ system }) => !written.has(system));
  return [...kept, ...fresh.flatMap(([system, id]) => (id === null ? [] : { system, id }))];
}

function merged<V>(stored: Record<string, V>, patch: Record<string, V | null>): Record<string, V> {
  const result = new Map(Object.entries(stored));
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) result.delete(key);
    else result.set(key, value);
  }
  return Object.fromEntries(result);
}

async function moveIdentities(change: Change, before: LeadRecord, after: LeadRecord): Promise<void> {
  const had = identityKeysOf(before);
  const has = identityKeysOf(after);
  const gained = has.filter((key) => !had.includes(key));
  const lost = had.filter((key) => !has.includes(key));
  const identity = {
    keys: gained,
    email: after.emailLower === before.emailLower ? null : after.emailLower,
    externalIds: after.externalIds,
  };
  const twin = await findTwin(change.models, identity, before._id, change.session);
  if (twin) throw duplicateLead(twin);
  if (lost.length > 0) await releaseIdentities(change, before._id, lost);
  await claimIdentities(change, before._id, gained);
}
