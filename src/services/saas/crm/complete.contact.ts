/** Bringing a known lead up to what WhatsApp told. */
import { type Types, trusted } from "mongoose";
import type { Change } from "../../../lib/tenant/commit.change";
import type { ContactIdentityRecord } from "../../../model/saas/contact.identity.schema";
import type { LeadPhone, LeadRecord } from "../../../model/saas/lead.schema";
import { changedFields, fieldChanges } from "./changed.fields";
import { type Contact, type ContactIdentities, phoneOfWaId } from "./contact.keys";
import { type WhatsAppFacts, withFacts } from "./lead.facts";
import { claimIdentities, identityKeysOf, isHeld, phoneKeyOf } from "./lead.identity";
import { saveLead } from "./lead.record";
import { toLead } from "./lead.serialiser";

/** Brings a known lead up to what was told, and gives it the identities that nobody else has. */
export async function completeContact(
  change: Change,
  before: LeadRecord,
  contact: Contact,
  phone: LeadPhone | null,
  keys: ContactIdentities,
  at: Date,
): Promise<LeadRecord> {
  const facts: WhatsAppFacts = {
    waId: contact.waId,
    userId: contact.userId,
    name: contact.profileName,
    username: contact.username,
  };
  const told = withFacts(before, facts, at);
  const main = await phoneAfter(before, told, phone, keys);
  const after: LeadRecord = {
    ...told,
    phone: main,
    ...(told.otherPhones ? { otherPhones: othersAfter(told.otherPhones, main, keys) } : {}),
    sourceDetail: sourceDetailAfter(before, contact.sourceDetail, at),
  };
  const wanted = new Set([
    ...keys.present.filter((key) => !key.startsWith("tel:")),
    ...identityKeysOf(after),
  ]);
  await claimFree(change, before._id, [...wanted], at);
  return saveFacts(change, before, after);
}

/**
 * A lead without a phone number takes the contact's. One that came from WhatsApp, or that the person gave up, follows
 * the WhatsApp id.
 */
async function phoneAfter(
  before: LeadRecord,
  { waId }: LeadRecord,
  phone: LeadPhone | null,
  { former }: ContactIdentities,
): Promise<LeadPhone | null> {
  if (before.phone === null) return phone;
  const follows = before.phone.raw === before.waId || former.includes(phoneKeyOf(before.phone));
  if (!follows || waId === null || waId === before.phone.raw) return before.phone;
  return (await phoneOfWaId(waId)) ?? before.phone;
}

function othersAfter(
  others: readonly LeadPhone[],
  main: LeadPhone | null,
  { former }: ContactIdentities,
): LeadPhone[] {
  const gone = new Set([...former, ...(main ? [phoneKeyOf(main)] : [])]);
  return others.filter((phone) => !gone.has(phoneKeyOf(phone)));
}

/** The earliest place a person came from stays; one that somebody else wrote is left alone. */
function sourceDetailAfter(
  { source, sourceDetail }: LeadRecord,
  detail: Record<string, string> | undefined,
  at: Date,
): LeadRecord["sourceDetail"] {
  if (!detail || source !== "whatsapp") return sourceDetail;
  const dated = datedDetail(detail, at);
  if (sourceDetail === null) return dated;
  const { cameAt } = sourceDetail;
  return typeof cameAt === "string" && cameAt > dated.cameAt ? dated : sourceDetail;
}

export function datedDetail(detail: Record<string, string>, at: Date) {
  return { ...detail, cameAt: at.toISOString() };
}

/** Gives a lead the keys that nobody goes by at a time; one of its own that it gave up before is its own again. */
export async function claimFree(
  change: Change,
  leadId: Types.ObjectId,
  keys: readonly string[],
  at: Date,
): Promise<void> {
  const rows = await change.models.ContactIdentity.find({ _id: trusted({ $in: keys }) })
    .session(change.session)
    .lean();
  const usedAgain = ({ leadId: owner, retiredAt }: ContactIdentityRecord) =>
    owner.equals(leadId) && retiredAt && retiredAt < at;
  const taken = new Set(rows.filter((row) => isHeld(row, at) && !usedAgain(row)).map(({ _id }) => _id));
  await claimIdentities(
    change,
    leadId,
    keys.filter((key) => !taken.has(key)),
  );
}

const told = new Set([
  "phone",
  "waId",
  "waUserId",
  "username",
  "displayName",
  "firstName",
  "lastName",
  "sourceDetail",
]);

/** Saves a lead with its event; when only times of facts moved on, without one. */
export async function saveFacts(change: Change, before: LeadRecord, after: LeadRecord): Promise<LeadRecord> {
  const changes = fieldChanges(toLead(before), toLead(after), told);
  if (Object.keys(changes).length > 0) {
    const saved = await saveLead(change, before, after);
    change.record({ type: "lead_updated", subject: { leadId: before._id.toHexString() }, changes });
    return saved;
  }
  const silent = changedFields(before, after);
  if (Object.keys(silent).length > 0) {
    await change.models.Lead.updateOne({ _id: before._id }, { $set: silent }, { session: change.session });
  }
  return after;
}
