/**
 * Who a lead is: the keys that one person goes by. Each key is the _id of one row, written in the transaction of the
 * lead, so that parallel first messages and parallel creates meet there and one lead per person remains.
 */
import { type ClientSession, type Types, trusted } from "mongoose";
import { AppError } from "../../../lib/errors/app.error";
import type { Change } from "../../../lib/tenant/commit.change";
import type { CrmModels } from "../../../lib/tenant/get.crm.model";
import type { ContactIdentityRecord } from "../../../model/saas/contact.identity.schema";
import type { LeadPhone, LeadRecord } from "../../../model/saas/lead.schema";

export function phoneKey(canonical: string): string {
  return `tel:${canonical}`;
}

/** The first of a stored phone's spellings is the canonical one. */
export function phoneKeyOf(phone: LeadPhone): string {
  return phoneKey(phone.candidates[0] ?? phone.e164);
}

export function waKey(waId: string): string {
  return `wa:${waId}`;
}

/** `portfolio` is the business portfolio a WhatsApp user id is scoped to. */
export function userKey(userId: string, portfolio: string): string {
  return `uid:${portfolio}:${userId}`;
}

/** An address of a lead that was merged into another; a lead's own address is unique by its index. */
export function mailKey(email: string): string {
  return `mail:${email}`;
}

/** What makes two leads one. */
export interface LeadIdentity {
  readonly keys: readonly string[];
  readonly email: string | null;
  readonly externalIds: readonly { system: string; id: string }[];
}

/** The living lead that has one of these identities already, other than `except`. */
export async function findTwin(
  models: Pick<CrmModels, "Lead" | "ContactIdentity">,
  identity: LeadIdentity,
  except: Types.ObjectId | null,
  session: ClientSession | null = null,
): Promise<Types.ObjectId | null> {
  const { Lead, ContactIdentity } = models;
  const others = except ? { leadId: trusted({ $ne: except }) } : {};
  const keys = [...identity.keys, ...(identity.email ? [mailKey(identity.email)] : [])];
  if (keys.length > 0) {
    const row = await ContactIdentity.findOne({ _id: trusted({ $in: keys }), retiredAt: null, ...others })
      .session(session)
      .lean();
    if (row) return row.leadId;
  }
  const spellings = [
    ...(identity.email ? [{ emailLower: identity.email }] : []),
    ...identity.externalIds.map(withExternalId),
  ];
  for (const spelling of spellings) {
    const twin = await Lead.findOne({
      ...spelling,
      deletedAt: null,
      ...(except ? { _id: trusted({ $ne: except }) } : {}),
    })
      .session(session)
      .select({ _id: 1 })
      .lean();
    if (twin) return twin._id;
  }
  return null;
}

/** The filter for a lead's id in another system. The dotted part is what lets the index serve it. */
export function withExternalId({ system, id }: { system: string; id: string }) {
  return { "externalIds.id": id, externalIds: trusted({ $elemMatch: { system, id } }) };
}

/** 409 that names the lead which is there already. */
export function duplicateLead(leadId: Types.ObjectId): AppError {
  return new AppError(
    "duplicate",
    "There is a lead with this phone, e-mail or external id already. Change that one instead.",
    { extensions: { leadId: leadId.toHexString() } },
  );
}

/**
 * Writes identity rows for a lead. The keys must be free or given up by whoever had them: look with `findTwin` first,
 * in the same transaction.
 */
export async function claimIdentities(
  change: Change,
  leadId: Types.ObjectId,
  keys: readonly string[],
): Promise<void> {
  if (keys.length === 0) return;
  const { ContactIdentity } = change.models;
  const { session } = change;
  await ContactIdentity.deleteMany(
    { _id: trusted({ $in: keys }), retiredAt: trusted({ $ne: null }) },
    { session },
  );
  await ContactIdentity.insertMany(
    keys.map((_id) => ({ _id, leadId, retiredAt: null })),
    { session },
  );
}

/** Takes identity rows away from a lead: all of them, or those in `keys`. */
export async function releaseIdentities(
  change: Change,
  leadId: Types.ObjectId,
  keys?: readonly string[],
): Promise<void> {
  const which = keys ? { _id: trusted({ $in: keys }) } : {};
  await change.models.ContactIdentity.deleteMany({ leadId, ...which }, { session: change.session });
}

type Identified = Pick<LeadRecord, "phone" | "waId" | "otherPhones" | "otherEmails">;

/** Meta delivers for 7 days, in any order; a number is not given to somebody else as fast as that. */
const graceMs = 7 * 24 * 60 * 60_000;

/** Whether an identity is its lead's at a time. */
export function isHeld({ retiredAt }: ContactIdentityRecord, at: Date): boolean {
  return !retiredAt || at.getTime() <= retiredAt.getTime() + graceMs;
}

/**
 * Notes that a lead gave keys up at a time: what was told of them until then is still about the lead, what comes later
 * is about somebody else.
 */
export async function retireIdentities(
  change: Change,
  leadId: Types.ObjectId,
  keys: readonly string[],
  at: Date,
): Promise<void> {
  if (keys.length === 0) return;
  await change.models.ContactIdentity.updateMany(
    { _id: trusted({ $in: keys }), leadId },
    { $max: { retiredAt: at } },
    { session: change.session },
  );
}

/** The identities that follow from what is stored on a lead. The WhatsApp user id keeps the row it came with. */
export function identityKeysOf({ phone, waId, otherPhones = [], otherEmails = [] }: Identified): string[] {
  const phones = phone ? [phone, ...otherPhones] : otherPhones;
  const keys = [...phones.map(phoneKeyOf), ...(waId ? [waKey(waId)] : []), ...otherEmails.map(mailKey)];
  return [...new Set(keys)];
}
