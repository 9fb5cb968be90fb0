/**
 * Meta's error codes as this server answers them: title, HTTP status, error type.
 * Source: https://developers.facebook.com/docs/whatsapp/cloud-api/support/error-codes
 * The HTTP status is a hint only, at Meta too. ADD A CODE HERE.
 */
interface CatalogEntry {
  title: string;
  status: number;
  type?: "OAuthException" | "GraphMethodException";
}

const catalog: Readonly<Record<number, CatalogEntry>> = {
  0: { title: "AuthException", status: 401 },
  1: { title: "An unknown error occurred", status: 500 },
  2: { title: "Service temporarily unavailable", status: 503 },
  3: { title: "API Method", status: 400 },
  4: { title: "Application request limit reached", status: 429 },
  10: { title: "Permission denied", status: 403 },
  33: { title: "Parameter value is not valid", status: 400, type: "GraphMethodException" },
  100: { title: "Invalid parameter", status: 400 },
  190: { title: "Access token has expired", status: 401 },
  200: { title: "API permission", status: 403 },
  368: { title: "Temporarily blocked for policies violations", status: 403 },
  2200: { title: "Callback verification failed", status: 400 },
  2500: { title: "Unknown path components", status: 400 },
  80007: { title: "Rate limit issues", status: 400 },
  130403: { title: "Recipient blocked by the business", status: 400 },
  130429: { title: "Rate limit hit", status: 429 },
  130472: { title: "User's number is part of an experiment", status: 400 },
  130497: { title: "Business account is restricted from messaging users in this country", status: 403 },
  130501: { title: "Message type is not currently supported", status: 400 },
  131000: { title: "Something went wrong", status: 500 },
  131005: { title: "Access denied", status: 403 },
  131008: { title: "Required parameter is missing", status: 400 },
  131009: { title: "Parameter value is not valid", status: 400 },
  131016: { title: "Service unavailable", status: 500 },
  131021: { title: "Recipient cannot be sender", status: 400 },
  131026: { title: "Message undeliverable", status: 400 },
  131030: { title: "Recipient phone number not in allowed list", status: 400 },
  131031: { title: "Business Account locked", status: 403 },
  131037: { title: "Display name approval is needed before a message can be sent", status: 400 },
  131042: { title: "Business eligibility payment issue", status: 400 },
  131045: { title: "Message failed to send because of an error related to the certificate", status: 500 },
  131047: { title: "Re-engagement message", status: 400 },
  131048: { title: "Spam rate limit hit", status: 400 },
  131049: {
    title: "This message was not delivered to maintain healthy ecosystem engagement.",
    status: 400,
  },
  131050: { title: "User has stopped marketing messages from this business", status: 400 },
  131051: { title: "Unsupported message type", status: 400 },
  131052: { title: "Media download error", status: 400 },
  131053: { title: "Media upload error", status: 400 },
  131056: { title: "(Business Account, Consumer Account) pair rate limit hit", status: 400 },
  131057: { title: "Account in maintenance mode", status: 500 },
  131060: { title: "This message is unavailable", status: 400 },
  131062: {
    title: "Business-scoped user id recipients are not supported for this message",
    status: 400,
  },
  131063: { title: "Marketing messages are disabled on Cloud API for this account", status: 400 },
  131064: { title: "Messaging is limited because of template miscategorisation", status: 400 },
  132000: { title: "Number of parameters does not match the expected number of params", status: 400 },
  132001: { title: "Template name does not exist in the translation", status: 404 },
  132005: { title: "Translated text too long", status: 400 },
  132007: { title: "Template format character policy violated", status: 400 },
  132012: { title: "Parameter format does not match format in the created template", status: 400 },
  132015: { title: "Template is paused", status: 400 },
  132016: { title: "Template is disabled", status: 400 },
  132018: { title: "There is an issue with the parameters in your template", status: 400 },
  132068: { title: "Flow is blocked", status: 400 },
  132069: { title: "Flow is throttled", status: 400 },
  133000: { title: "Incomplete deregistration", status: 500 },
  133004: { title: "Server temporarily unavailable", status: 503 },
  133005: { title: "Two step verification PIN mismatch", status: 400 },
  133010: { title: "Phone number not registered", status: 400 },
  133015: { title: "Please wait a few minutes before attempting to register this phone number", status: 400 },
  133016: { title: "Account register deregister rate limit exceeded", status: 400 },
  134101: { title: "Template sync in progress", status: 400 },
  135000: { title: "Generic user error", status: 400 },
  137000: { title: "Identity key has changed", status: 400 },
};

export interface KnownError extends CatalogEntry {
  code: number;
  type: "OAuthException" | "GraphMethodException";
}

/** Title, HTTP status and type of a code; codes we do not list answer 400 with a neutral title. */
export function errorOf(code: number): KnownError {
  const entry = catalog[code] ?? { title: `Error ${code}`, status: 400 };
  return { type: "OAuthException", ...entry, code };
}
