/** The person behind an inbound message: found by any identity, or created with all that are known. */
import { trusted } from "mongoose";
import type { TenantContext } from "../../../lib/context/tenant.context";
import { parsePhone, parseWaId } from "../../../lib/phone/phone";
import type { Change } from "../../../lib/tenant/commit.change";
import type { LeadPhone, LeadRecord } from "../../../model/saas/lead.schema";
import { fieldChanges } from "./changed.fields";
import { createLeadInChange } from "./lead.create";
import { claimIdentities, identityKeysOf, phoneKeyOf, userKey, waKey } from "./lead.identity";
import { displayNameOf, namesOfProfile } from "./lead.name";
import { saveLead } from "./lead.record";
import { toLead } from "./lead.serialiser";
import { readSettings } from "./settings.read";

/** What WhatsApp tells about who wrote. At least one of waId, phone and userId is needed. */
export interface Contact {
  readonly waId?: string | undefined;
  readonly phone?: string | undefined;
  /** The user id that WhatsApp scopes to one business portfolio; case is kept. */
  readonly userId?: string | undefined;
  readonly portfolio?: string | undefined;
  readonly profileName?: string | undefined;
  readonly username?: string | undefined;
  /** When the person wrote; a new lead's consent dates from then. Default: the change's now. */
  readonly at?: Date | undefined;
}

/**
 * The lead of a contact; created when nobody is known by any of these identities. What was unknown of a known lead
 * (waId, user id, username, phone, a name) is filled in, what is known is kept.
 * Parallel first messages of one person meet at the identity rows: one creates, the others find.
 */
export async function findOrCreateContactInChange(
  ctx: TenantContext,
  change: Change,
  contact: Contact,
): Promise<LeadRecord> {
  const phone = await phoneOf(change, contact);
  const keys = [
    ...(contact.waId ? [waKey(contact.waId)] : []),
    ...(phone ? [phoneKeyOf(phone)] : []),
    ...(contact.userId ? [userKey(contact.userId, contact.portfolio ?? "")] : []),
  ];
  if (keys.length === 0) throw new Error("A contact needs a WhatsApp id, a phone number or a user id.");
  const rows = await change.models.ContactIdentity.find({ _id: trusted({ $in: keys }) })
    .session(change.session)
    .lean();
  // Two leads that turn out to be one person are merged by a person; until then the older one gets the messages.
  const known = await change.models.Lead.findOne({
    _id: trusted({ $in: rows.map(({ leadId }) => leadId) }),
    deletedAt: null,
  })
    .sort({ _id: 1 })
    .session(change.session)
    .lean();
  if (!known) return createContact(ctx, change, contact, phone, keys);
  const taken = new Set(rows.map(({ _id }) => _id));
  return completeContact(
    change,
    known,
    contact,
    phone,
    keys.filter((key) => !taken.has(key)),
  );
}

async function createContact(
  ctx: TenantContext,
  change: Change,
  contact: Contact,
  phone: LeadPhone | null,
  keys: readonly string[],
): Promise<LeadRecord> {
  const waId = contact.waId ?? null;
  const implied = identityKeysOf({ phone, waId });
  return createLeadInChange(
    ctx,
    change,
    { source: "whatsapp", ...namesOfProfile(contact.profileName) },
    {
      phone,
      waId,
      waUserId: contact.userId ?? null,
      username: contact.username ?? null,
      consent: { whatsapp: { optIn: true, at: contact.at ?? change.now, source: "inbound" } },
      keys: keys.filter((key) => !implied.includes(key)),
    },
  );
}

/** Fills in what was not known of a lead. `freeKeys` are identities of the contact that nobody has. */
async function completeContact(
  change: Change,
  before: LeadRecord,
  contact: Contact,
  phone: LeadPhone | null,
  freeKeys: readonly string[],
): Promise<LeadRecord> {
  const takesPhone = phone !== null && before.phone === null && freeKeys.includes(phoneKeyOf(phone));
  const gained = freeKeys.filter((key) => takesPhone || !key.startsWith("tel:"));
  await claimIdentities(change, before._id, gained);
  const nameless =
    before.firstName === null && before.lastName === null && before.displayName === displayNameOf(before);
  const after: LeadRecord = {
    ...before,
    phone: takesPhone ? phone : before.phone,
    waId: before.waId ?? contact.waId ?? null,
    waUserId: contact.userId ?? before.waUserId,
    username: contact.username ?? before.username,
    ...(nameless ? namesOfProfile(contact.profileName) : {}),
  };
  const changes = fieldChanges(toLead(before), toLead(after), filledIn);
  if (Object.keys(changes).length === 0 && after.waUserId === before.waUserId) return before;
  const saved = await saveLead(change, before, after);
  if (Object.keys(changes).length > 0)
    change.record({ type: "lead_updated", subject: { leadId: before._id.toHexString() }, changes });
  return saved;
}

const filledIn = new Set(["phone", "waId", "username", "displayName", "firstName", "lastName"]);

async function phoneOf(change: Change, contact: Contact): Promise<LeadPhone | null> {
  const parsed = contact.phone
    ? await parsePhone(contact.phone, (await readSettings(change.models, change.session)).defaultCountry)
    : await parseWaId(contact.waId ?? "");
  if (!parsed) return null;
  const { e164, country, candidates } = parsed;
  return { e164, raw: contact.phone ?? contact.waId ?? e164, country, candidates };
}
