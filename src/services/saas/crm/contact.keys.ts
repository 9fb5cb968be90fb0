/** What a contact goes by, and who goes by it. */
import { trusted } from "mongoose";
import { type ParsedPhone, parsePhone, parseWaId } from "../../../lib/phone/phone";
import type { Change } from "../../../lib/tenant/commit.change";
import type { LeadPhone, LeadRecord } from "../../../model/saas/lead.schema";
import { isHeld, phoneKeyOf, userKey, waKey } from "./lead.identity";
import { readSettings } from "./settings.read";

/** What WhatsApp tells about a person. At least one of waId, phone and userId is needed. */
export interface Contact {
  readonly waId?: string | undefined;
  readonly phone?: string | undefined;
  /** The user id that WhatsApp scopes to one business portfolio; case is kept. */
  readonly userId?: string | undefined;
  readonly portfolio?: string | undefined;
  readonly profileName?: string | undefined;
  readonly username?: string | undefined;
  /** Ids that the person gave up at this time for those above, when they took a new number. */
  readonly former?: { readonly waId?: string | undefined; readonly userId?: string | undefined } | undefined;
  /** Where a new lead comes from, e.g. the ad that was clicked. */
  readonly sourceDetail?: Record<string, string> | undefined;
  /** True for somebody we wrote to, who has not written to us: that is no consent. */
  readonly isRecipient?: boolean | undefined;
  /** When it was true: newer facts win, and a new lead's consent dates from then. Default: the change's now. */
  readonly at?: Date | undefined;
}

/** A contact's identities: keys of now, and keys it gave up. */
export interface ContactIdentities {
  readonly present: readonly string[];
  readonly former: readonly string[];
}

/** Keys of the WhatsApp ids of a contact, as what waits for the person names them. */
export function contactKeys({ waId, userId, portfolio }: Contact): string[] {
  return [...(waId ? [waKey(waId)] : []), ...(userId ? [userKey(userId, portfolio ?? "")] : [])];
}

export async function identitiesOf(contact: Contact, phone: LeadPhone | null): Promise<ContactIdentities> {
  const { former, portfolio } = contact;
  const formerPhone = former?.waId ? await phoneOfWaId(former.waId) : null;
  const present = [...contactKeys(contact), ...(phone ? [phoneKeyOf(phone)] : [])];
  const given = [
    ...contactKeys({ waId: former?.waId, userId: former?.userId, portfolio }),
    ...(formerPhone ? [phoneKeyOf(formerPhone)] : []),
  ];
  return { present, former: given.filter((key) => !present.includes(key)) };
}

/** Living leads that go by these keys at a time, the oldest first. */
export async function leadsOf(change: Change, keys: readonly string[], at: Date): Promise<LeadRecord[]> {
  const { ContactIdentity, Lead } = change.models;
  const rows = await ContactIdentity.find({ _id: trusted({ $in: keys }) })
    .session(change.session)
    .lean();
  const held = rows.filter((row) => isHeld(row, at));
  if (held.length === 0) return [];
  return Lead.find({ _id: trusted({ $in: held.map(({ leadId }) => leadId) }), deletedAt: null })
    .sort({ createdAt: 1, _id: 1 })
    .session(change.session)
    .lean();
}

/** The phone number of a contact as leads store it. */
export async function phoneOf(change: Change, { phone, waId }: Contact): Promise<LeadPhone | null> {
  if (!phone) return phoneOfWaId(waId ?? "");
  const parsed = await parsePhone(phone, (await readSettings(change.models, change.session)).defaultCountry);
  return parsed && asStored(parsed, phone);
}

export async function phoneOfWaId(waId: string): Promise<LeadPhone | null> {
  const parsed = await parseWaId(waId);
  return parsed && asStored(parsed, waId);
}

function asStored({ e164, country, candidates }: ParsedPhone, raw: string): LeadPhone {
  return { e164, raw, country, candidates };
}
