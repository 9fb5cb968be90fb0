/** Keys that two entries of one person share although they differ: what suspected duplicates are found by. */
import type { LeadRecord } from "../../model/saas/lead.schema";
import { wordsOf } from "./words";

type Named = Pick<LeadRecord, "firstName" | "lastName" | "displayName" | "company">;

/**
 * The name and company in any order, case and accents; null when they say too little: a first name alone is
 * shared by many.
 */
export function likeName(lead: Named): string | null {
  const full = [lead.firstName, lead.lastName].filter((part) => part !== null).join(" ");
  const name = [...new Set(wordsOf(full || lead.displayName))].sort().join(" ");
  const company = lead.company === null ? "" : wordsOf(lead.company).join(" ");
  if (name === "" || (company === "" && !name.includes(" "))) return null;
  return `${name}|${company}`.slice(0, 300);
}

/** The mailbox behind an address: tags after `+` and, where they do not count, dots are left out. */
export function likeAddress(email: string): string {
  const at = email.lastIndexOf("@");
  const [local, domain] = [email.slice(0, at), email.slice(at + 1)];
  const box = local.split("+")[0] ?? local;
  const isGoogle = domain === "gmail.com" || domain === "googlemail.com";
  return isGoogle ? `${box.replaceAll(".", "")}@gmail.com` : `${box}@${domain}`;
}
