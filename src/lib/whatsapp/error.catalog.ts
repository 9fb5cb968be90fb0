/**
 * Meta's error codes in sentences a person understands. ADD A CODE HERE.
 * @see https://developers.facebook.com/docs/whatsapp/cloud-api/support/error-codes
 */
import type { MessageError } from "../../model/saas/message.schema";

/** "The user has stopped receiving marketing messages from you." */
export const marketingStopped = 131_050;

interface CodeEntry {
  readonly title: string;
  /** What happened and what to do. */
  readonly explanation: string;
  /** Whether the same message may go through later. */
  readonly retryable?: boolean;
}

const reconnect = "Ask whoever manages the WhatsApp account to connect the number again.";
const ourFault =
  "WhatsApp did not accept the message as it was written. Check its content and send it again.";
const resync = "Sync the templates and check it at Meta.";

const catalog: Readonly<Record<number, CodeEntry>> = {
  0: {
    title: "Access lost",
    explanation: `The access to the WhatsApp account is no longer valid. ${reconnect}`,
  },
  1: {
    title: "Unknown error at Meta",
    explanation: "WhatsApp could not process it. Try again in a while.",
    retryable: true,
  },
  2: {
    title: "Meta is busy",
    explanation: "WhatsApp is temporarily not available. Try again in a while.",
    retryable: true,
  },
  3: { title: "Not allowed", explanation: `The WhatsApp account does not allow this. ${reconnect}` },
  4: {
    title: "Too many calls",
    explanation: "Too many messages at once; it waits and is sent later.",
    retryable: true,
  },
  10: {
    title: "Permission missing",
    explanation: `A permission of the WhatsApp account is missing. ${reconnect}`,
  },
  33: {
    title: "Number unknown to Meta",
    explanation: `WhatsApp does not know the sending number. ${reconnect}`,
  },
  100: { title: "Not accepted", explanation: ourFault },
  190: {
    title: "Access expired",
    explanation: `The access to the WhatsApp account has expired. ${reconnect}`,
  },
  368: {
    title: "Account blocked",
    explanation:
      "Meta has blocked the account for breaking its policies. Look at the account's status at Meta.",
  },
  80007: {
    title: "Too many calls",
    explanation: "The WhatsApp account reached its limit; it waits and is sent later.",
    retryable: true,
  },
  130403: {
    title: "Person is blocked",
    explanation: "You have blocked this person on WhatsApp. Unblock them to write to them.",
  },
  130429: {
    title: "Too fast",
    explanation: "The number sends faster than Meta allows; it waits and is sent later.",
    retryable: true,
  },
  130472: {
    title: "Held back by Meta",
    explanation:
      "Meta holds marketing back from this person for an experiment. It is not sent; do not repeat it.",
  },
  130497: {
    title: "Country not allowed",
    explanation: "This business may not write to people in this country. See Meta's policy.",
  },
  131000: {
    title: "Error at Meta",
    explanation: "Something went wrong at WhatsApp. Try again in a while.",
    retryable: true,
  },
  131005: {
    title: "Access denied",
    explanation: `A permission of the WhatsApp account is missing. ${reconnect}`,
  },
  131008: { title: "Something is missing", explanation: ourFault },
  131009: { title: "A value is not valid", explanation: ourFault },
  131016: {
    title: "Meta is busy",
    explanation: "WhatsApp is temporarily not available. Try again in a while.",
    retryable: true,
  },
  131021: {
    title: "Sent to itself",
    explanation: "The number cannot write to itself. Choose another recipient.",
  },
  131026: {
    title: "Cannot be delivered",
    explanation:
      "This number is not on WhatsApp, uses a very old app, or has not accepted WhatsApp's terms. Reach the person another way.",
  },
  131030: {
    title: "Not an allowed test recipient",
    explanation: "A test number only writes to numbers on its list. Add the recipient at Meta.",
  },
  131031: {
    title: "Account locked",
    explanation: "Meta has locked the account. Look at the account's status at Meta.",
  },
  131037: {
    title: "Name not approved",
    explanation: "The number's display name is not approved yet. Finish that at Meta first.",
  },
  131042: {
    title: "Payment problem",
    explanation: "Meta cannot charge the account. Check its payment method at Meta.",
  },
  131045: {
    title: "Number not registered",
    explanation: `The sending number is not registered with WhatsApp. ${reconnect}`,
  },
  131047: {
    title: "24 hours are over",
    explanation: "The person's last message is more than 24 hours old. Send a template instead.",
  },
  131048: {
    title: "Restricted as spam",
    explanation:
      "Too many people blocked or reported the number, so Meta restricts it. Send less, and only to people who expect it.",
  },
  131049: {
    title: "Held back by Meta",
    explanation:
      "Meta did not deliver this marketing message, to keep people from getting too many. Wait at least a day.",
  },
  131050: {
    title: "No marketing wanted",
    explanation: "The person asked WhatsApp for no more marketing from you. Do not send any.",
  },
  131051: { title: "Type not supported", explanation: "WhatsApp does not support this type of message." },
  131052: {
    title: "Media not downloadable",
    explanation: "WhatsApp could not fetch the media the person sent. Ask them to send it again.",
  },
  131053: {
    title: "Media not accepted",
    explanation: "WhatsApp could not use the media. Send it in another format.",
    retryable: true,
  },
  131056: {
    title: "Too many to one person",
    explanation: "Too many messages to this person in a short time; it waits and is sent later.",
    retryable: true,
  },
  131057: {
    title: "Number in maintenance",
    explanation: "WhatsApp is upgrading the number; it waits and is sent later.",
    retryable: true,
  },
  131062: {
    title: "Phone number needed",
    explanation: "This kind of message needs the person's phone number, which WhatsApp does not give.",
  },
  131063: {
    title: "Marketing is off",
    explanation: "Marketing messages are switched off for this account at Meta.",
  },
  131064: {
    title: "Limited by Meta",
    explanation: "Meta limits the account because templates were in the wrong category. It lifts by itself.",
  },
  132000: {
    title: "Wrong number of variables",
    explanation: `The template wants another number of variables. ${resync}`,
  },
  132001: {
    title: "No such template",
    explanation: `The template does not exist in this language or is not approved. ${resync}`,
  },
  132005: {
    title: "Text too long",
    explanation: "The template with its variables is too long. Shorten the variables.",
  },
  132007: {
    title: "Against the policy",
    explanation: "The template's text breaks Meta's policy. Change it at Meta.",
  },
  132012: {
    title: "Variable not accepted",
    explanation: `A variable does not have the form the template wants. ${resync}`,
  },
  132015: {
    title: "Template paused",
    explanation: "Meta paused the template for low quality. Use another, or wait until it is back.",
  },
  132016: {
    title: "Template disabled",
    explanation: "Meta disabled the template for low quality. Use another one.",
  },
  132018: {
    title: "Variable not accepted",
    explanation: `A variable does not have the form the template wants. ${resync}`,
  },
  132068: {
    title: "Flow blocked",
    explanation: "Meta has blocked the flow of this message. Look at it at Meta.",
  },
  132069: {
    title: "Flow throttled",
    explanation: "Meta slows the flow of this message down. Try again later.",
    retryable: true,
  },
  133004: {
    title: "Meta is busy",
    explanation: "WhatsApp is temporarily not available. Try again in a while.",
    retryable: true,
  },
  133010: {
    title: "Number not registered",
    explanation: `The sending number is not registered with WhatsApp. ${reconnect}`,
  },
  135000: { title: "Error at Meta", explanation: ourFault },
  137000: {
    title: "Identity changed",
    explanation: "The person's WhatsApp identity changed. Check whom you write to, then send it again.",
    retryable: true,
  },
};

/**
 * A failure as it is kept with its message and shown.
 * @param code Meta's code; null when there is none.
 * @param detail Meta's own sentence, the fallback for codes that are not listed.
 */
export function explainError(code: number | null, detail: string | null): MessageError {
  const entry = code === null ? undefined : catalog[code];
  if (entry) {
    return { code, title: entry.title, explanation: entry.explanation, retryable: entry.retryable ?? false };
  }
  return {
    code,
    title: "Refused by WhatsApp",
    explanation: detail
      ? `WhatsApp refused it: ${detail.slice(0, 500)}`
      : "WhatsApp refused it without saying why. Check the message and the account at Meta.",
    retryable: false,
  };
}
