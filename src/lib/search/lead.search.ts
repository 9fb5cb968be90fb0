/** What is stored beside a lead so that it is found: texts in the form they are compared in, words, keys of likeness. */
import type { LeadRecord, LeadSearch } from "../../model/saas/lead.schema";
import { foldText } from "../condition/text";
import { likeAddress, likeName } from "./likeness";
import { searchWords } from "./words";

const foldedTexts = [
  "firstName",
  "lastName",
  "displayName",
  "company",
  "source",
  "username",
  "timezone",
  "locale",
  "lostReasonKey",
] as const satisfies readonly (keyof LeadRecord)[];

/**
 * The search data of a lead as it is now; null for a deleted one, which nothing finds. Pure.
 * @param filterable keys of the tenant's own fields that may be searched by.
 */
export function leadSearch(lead: LeadRecord, filterable: ReadonlySet<string>): LeadSearch | null {
  if (lead.deletedAt !== null) return null;
  const texts = foldedTexts.flatMap((name): [string, string][] => {
    const text = lead[name];
    return typeof text === "string" ? [[name, foldText(text)]] : [];
  });
  const custom = Object.entries(lead.custom).filter(([key]) => filterable.has(key));
  const phones = [lead.phone, ...(lead.otherPhones ?? [])].flatMap((phone) => phone?.e164 ?? []);
  const emails = [lead.emailLower ?? [], lead.otherEmails ?? []].flat();
  return {
    fold: {
      ...Object.fromEntries(texts),
      tags: lead.tags.map(foldText),
      custom: Object.fromEntries(custom.map(([key, value]) => [key, folded(value)])),
    },
    words: searchWords({
      texts: [lead.displayName, lead.firstName, lead.lastName, lead.company, lead.username],
      phones,
      emails,
    }),
    likeName: likeName(lead),
    likeAddress: lead.emailLower === null ? null : likeAddress(lead.emailLower),
  };
}

function folded(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(folded);
  return typeof value === "string" ? foldText(value) : value;
}
