/** The person behind what WhatsApp tells: found by any identity, or created with all that are known. */
import type { TenantContext } from "../../../lib/context/tenant.context";
import type { Change } from "../../../lib/tenant/commit.change";
import type { LeadPhone, LeadRecord } from "../../../model/saas/lead.schema";
import { claimFree, completeContact, datedDetail, saveFacts } from "./complete.contact";
import { type Contact, type ContactIdentities, identitiesOf, leadsOf, phoneOf } from "./contact.keys";
import { nothingChosen } from "./lead.consent";
import { createLeadInChange } from "./lead.create";
import { withFactsOf } from "./lead.facts";
import { identityKeysOf, retireIdentities } from "./lead.identity";
import { mergeLeadsInChange } from "./lead.merge";
import { namesOfProfile } from "./lead.name";

export { type Contact, contactKeys } from "./contact.keys";

/**
 * The lead of a contact; created when nobody is known by any of these identities. Of what WhatsApp tells, the newest
 * stands; what a person wrote (phone, name) is kept. Two leads that turn out to be one person are merged into the
 * older one. Parallel first messages of one person meet at the identity rows: one creates, the others find.
 */
export async function findOrCreateContactInChange(
  ctx: TenantContext,
  change: Change,
  contact: Contact,
): Promise<LeadRecord> {
  const at = contact.at ?? change.now;
  const phone = await phoneOf(change, contact);
  const keys = await identitiesOf(contact, phone);
  if (keys.present.length === 0)
    throw new Error("A contact needs a WhatsApp id, a phone number or a user id.");
  const leads = await leadsOf(change, [...keys.present, ...keys.former], at);
  const [oldest, ...others] = leads;
  const lead = oldest
    ? await completeContact(change, await joinLeads(ctx, change, oldest, others), contact, phone, keys, at)
    : await createContact(ctx, change, contact, phone, keys, at);
  if (keys.former.length > 0 && !isUsedSince(lead, contact, at)) {
    await claimFree(change, lead._id, keys.former, at);
    await retireIdentities(change, lead._id, keys.former, at);
  }
  return lead;
}

/** True when the person is known to have written from the old number after giving it up: they took it back. */
function isUsedSince({ waId, waSeen }: LeadRecord, { former }: Contact, at: Date): boolean {
  return former?.waId !== undefined && waId === former.waId && (waSeen.waId ?? at) > at;
}

/** The lead of a contact if there is one, the oldest if there are several; nothing is written. */
export async function findContactInChange(change: Change, contact: Contact): Promise<LeadRecord | null> {
  const keys = await identitiesOf(contact, await phoneOf(change, contact));
  const all = [...keys.present, ...keys.former];
  return (await leadsOf(change, all, contact.at ?? change.now))[0] ?? null;
}

/** Makes one lead of several that are one person. @returns it, with the newest of what WhatsApp told of each. */
async function joinLeads(
  ctx: TenantContext,
  change: Change,
  base: LeadRecord,
  others: readonly LeadRecord[],
): Promise<LeadRecord> {
  let joined = base;
  for (const other of others) {
    const merged = await mergeLeadsInChange(ctx, change, { baseId: joined._id, otherId: other._id });
    joined = await saveFacts(change, merged, withFactsOf(merged, other));
  }
  return joined;
}

async function createContact(
  ctx: TenantContext,
  change: Change,
  contact: Contact,
  phone: LeadPhone | null,
  keys: ContactIdentities,
  at: Date,
): Promise<LeadRecord> {
  const { waId = null, userId = null, username = null } = contact;
  const names = namesOfProfile(contact.profileName);
  const implied = identityKeysOf({ phone, waId });
  return createLeadInChange(
    ctx,
    change,
    {
      source: "whatsapp",
      ...names,
      ...(contact.sourceDetail ? { sourceDetail: datedDetail(contact.sourceDetail, at) } : {}),
    },
    {
      phone,
      waId,
      waUserId: userId,
      username,
      waProfileName: names?.displayName ?? null,
      waSeen: {
        ...(waId ? { waId: at } : {}),
        ...(userId ? { userId: at } : {}),
        ...(username ? { username: at } : {}),
        ...(names ? { name: at } : {}),
      },
      consent: contact.isRecipient
        ? nothingChosen
        : { whatsapp: { optIn: true, at, source: "inbound" }, marketing: null },
      keys: keys.present.filter((key) => !implied.includes(key)),
    },
  );
}
