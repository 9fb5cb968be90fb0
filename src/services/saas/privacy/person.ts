import type { Types } from "mongoose";
import type { AppError } from "../../../lib/errors/app.error";
import type { CrmModels } from "../../../lib/tenant/get.crm.model";
import type { LeadRecord } from "../../../model/saas/lead.schema";
import { notFound } from "../crm/crm.problem";
import { formerIdentifiers } from "./person.former";

/** One natural person as the tenant knows them. */
export interface Person {
  /** The lead that stands for the person: of merged ones the one that stayed. */
  readonly leadId: Types.ObjectId;
  /** It and those that were merged into it. */
  readonly leadIds: readonly Types.ObjectId[];
  /** Numbers, addresses and ids by which payloads and files name the person, also those given up. */
  readonly identifiers: readonly string[];
  /** Names to show, as files may have them alone. */
  readonly displayNames: readonly string[];
}

/** Also a deleted or merged lead is a person. @throws AppError `absent` when there is none */
export async function findPerson(
  models: CrmModels,
  id: string,
  absent: AppError = notFound("lead"),
): Promise<Person> {
  const asked = await models.Lead.findById(id).lean();
  if (!asked) throw absent;
  const leadId = asked.mergedInto ?? asked._id;
  const leads = await models.Lead.find({ $or: [{ _id: leadId }, { mergedInto: leadId }] }).lean();
  const leadIds = leads.map(({ _id }) => _id);
  const former = await formerIdentifiers(models, leadIds);
  return {
    leadId,
    leadIds,
    identifiers: [...new Set([...leads.flatMap(identifiersOf), ...former.flatMap(withDigits)])],
    displayNames: [...new Set(leads.map(({ displayName }) => displayName))],
  };
}

function identifiersOf(lead: LeadRecord): string[] {
  const { phone, otherPhones = [], waId, waUserId, emailLower, otherEmails = [] } = lead;
  const phones = phone ? [phone, ...otherPhones] : otherPhones;
  const numbers = phones.flatMap(({ e164, candidates }) => [e164, ...candidates]);
  const known = [...numbers.flatMap(withDigits), waId, waUserId, emailLower, ...otherEmails];
  return known.flatMap((value) => (value === null || value === "" ? [] : [value]));
}

/** WhatsApp writes numbers without their plus. */
function withDigits(identifier: string): string[] {
  return identifier.startsWith("+") ? [identifier, identifier.slice(1)] : [identifier];
}

/** Whether a payload's text names the person: as a whole JSON string, so that no longer number is mistaken for it. */
export function mentions({ identifiers }: Person, raw: string): boolean {
  return identifiers.some((identifier) => raw.includes(JSON.stringify(identifier)));
}
