/** What a change of an account or a number means here. Pure. */
import type { AccountValue } from "../../../../contracts/whatsapp.account.contract";
import type { ConnectionRecord } from "../../../../model/saas/connection.schema";

/** What is told of a number, or of all numbers of an account. */
export interface AccountNews {
  /** Fields of the connection that follow from it. */
  readonly fields: Partial<
    Pick<
      ConnectionRecord,
      "qualityRating" | "messagingLimit" | "nameStatus" | "accountStatus" | "verifiedName"
    >
  >;
  /** Sending stops, with this sentence; or goes on again. */
  readonly sending?: { readonly stops: string } | "resumes";
  /** What a person must look at. */
  readonly alert?: { readonly code: string; readonly detail: string } | undefined;
}

const stopping = new Map([
  ["ACCOUNT_DELETED", "The WhatsApp account was deleted at Meta."],
  ["PARTNER_REMOVED", "The business took the WhatsApp account away from this app."],
  ["PARTNER_APP_UNINSTALLED", "The business removed this app from the WhatsApp account."],
  ["ACCOUNT_OFFBOARDED", "The number left the Cloud API."],
]);
const resuming = new Set(["PARTNER_ADDED", "PARTNER_APP_INSTALLED", "ACCOUNT_RECONNECTED"]);

/** Each kind of news by Meta's field. ADD AN ACCOUNT FIELD HERE. */
export const accountNews: Readonly<Record<string, (value: AccountValue) => AccountNews>> = {
  account_update: accountUpdate,
  account_review_update: ({ decision }) => ({
    fields: decision ? { accountStatus: `REVIEW_${decision}` } : {},
    alert:
      decision === "REJECTED"
        ? {
            code: "whatsapp-account-review",
            detail: "Meta's review rejected the WhatsApp account. Look at it in the WhatsApp Manager.",
          }
        : undefined,
  }),
  account_alerts: ({ alert_info, entity_type }) => ({
    fields: {},
    alert:
      alert_info?.alert_status === "ACTIVE" && alert_info.alert_severity !== "INFORMATIONAL"
        ? {
            code: `whatsapp-alert:${plain(alert_info.alert_type)}`,
            detail: `Meta tells of ${plain(alert_info.alert_type)} (${plain(alert_info.alert_severity)}) for the ${plain(entity_type)}. Look at it in the WhatsApp Manager.`,
          }
        : undefined,
  }),
  business_capability_update: (value) => ({ fields: limitOf(value) }),
  phone_number_quality_update: (value) => ({
    fields: { ...limitOf(value), ...qualityOf(value.event) },
    alert:
      value.event === "FLAGGED" || value.event === "DOWNGRADE"
        ? {
            code: "whatsapp-number-quality",
            detail:
              "The quality of the WhatsApp number has fallen. Send fewer messages that people did not ask for.",
          }
        : undefined,
  }),
  phone_number_name_update: ({ decision, requested_verified_name, rejection_reason }) => ({
    fields: {
      ...(decision ? { nameStatus: decision } : {}),
      ...(decision === "APPROVED" && requested_verified_name
        ? { verifiedName: requested_verified_name }
        : {}),
    },
    alert:
      decision === "REJECTED"
        ? {
            code: "whatsapp-name-rejected",
            detail: `Meta rejected the display name (${plain(rejection_reason)}). Choose another in the WhatsApp Manager.`,
          }
        : undefined,
  }),
  security: ({ event }) => ({
    fields: {},
    alert: {
      code: "whatsapp-security",
      detail: `The two-step PIN of the WhatsApp number: ${plain(event)}. If nobody of yours did it, change it now.`,
    },
  }),
};

function accountUpdate(value: AccountValue): AccountNews {
  const event = plain(value.event);
  const fields = { accountStatus: event };
  const reason = stopping.get(event) ?? restrictionOf(value);
  if (reason !== undefined) return { fields, sending: { stops: reason } };
  if (resuming.has(event) || value.ban_info?.waba_ban_state === "REINSTATE")
    return { fields, sending: "resumes" };
  if (event !== "ACCOUNT_VIOLATION" && event !== "DISABLED_UPDATE") return { fields: {} };
  const detail = `Meta tells of ${plain(value.violation_info?.violation_type ?? value.ban_info?.waba_ban_state)} for the WhatsApp account. Look at it in the WhatsApp Manager.`;
  return { fields, alert: { code: "whatsapp-account-violation", detail } };
}

function restrictionOf({ event, restriction_info, ban_info }: AccountValue): string | undefined {
  if (event === "DISABLED_UPDATE" && ban_info?.waba_ban_state === "DISABLE")
    return "Meta has disabled the WhatsApp account.";
  const types = (restriction_info ?? []).map(({ restriction_type }) => plain(restriction_type));
  // Who may not add numbers may still send.
  const binding = types.filter((type) => type !== "RESTRICTED_ADD_PHONE_NUMBER_ACTION");
  return event === "ACCOUNT_RESTRICTION" && binding.length > 0
    ? `Meta has restricted the WhatsApp account (${binding.join(", ")}).`
    : undefined;
}

function limitOf(value: AccountValue): AccountNews["fields"] {
  const limit =
    value.max_daily_conversations_per_business ??
    value.current_limit ??
    value.max_daily_conversation_per_phone;
  return limit === undefined ? {} : { messagingLimit: limit };
}

function qualityOf(event: string | undefined): AccountNews["fields"] {
  if (event === "FLAGGED") return { qualityRating: "RED" };
  return event === "UNFLAGGED" ? { qualityRating: "GREEN" } : {};
}

/** Meta's words are codes; what is none is not repeated. */
function plain(word: string | undefined): string {
  return word !== undefined && /^[A-Z0-9_-]{1,64}$/i.test(word) ? word : "something unnamed";
}
