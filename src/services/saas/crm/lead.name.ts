import type { LeadRecord } from "../../../model/saas/lead.schema";

type Names = Pick<LeadRecord, "firstName" | "lastName" | "company" | "username" | "emailLower" | "phone">;

/** The name to show when nobody chose one: the best that is known of the person. */
export function displayNameOf(lead: Names): string {
  const fullName = [lead.firstName, lead.lastName].filter((part) => part !== null).join(" ");
  return fullName || lead.company || lead.username || lead.emailLower || lead.phone?.e164 || "Unknown";
}

/** A WhatsApp profile has one name, chosen by its owner; the first word serves as the first name. */
export function namesOfProfile(
  profileName: string | undefined,
): { displayName: string; firstName: string; lastName: string | null } | undefined {
  const name = profileName
    ?.replace(/\p{Cc}+/gu, " ")
    .trim()
    .slice(0, 200);
  if (!name) return undefined;
  const [firstName = name, ...rest] = name.split(/\s+/);
  return { displayName: name, firstName, lastName: rest.length > 0 ? rest.join(" ") : null };
}
