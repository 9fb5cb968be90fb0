/**
 * Every problem the API can answer: code -> status and title. The error class, the HTTP body (RFC 9457) and the
 * OpenAPI responses derive from this record. ADD AN ERROR HERE.
 */
export const problemCatalog = {
  "validation-failed": { status: 400, title: "The request does not have the expected shape" },
  "malformed-json": { status: 400, title: "The body is not JSON" },
  "invalid-cursor": { status: 400, title: "The cursor is not one of this list" },
  "invalid-credentials": { status: 401, title: "The credentials are not valid" },
  "invalid-signature": { status: 401, title: "The signature does not match the body" },
  "client-suspended": { status: 403, title: "This client is suspended" },
  "insufficient-scope": { status: 403, title: "The key lacks the scope for this" },
  "verification-refused": { status: 403, title: "The verify token does not match" },
  "not-found": { status: 404, title: "There is no such thing here" },
  "method-not-allowed": { status: 405, title: "This path does not take that method" },
  duplicate: { status: 409, title: "It exists already" },
  conflict: { status: 409, title: "It changed in the meantime" },
  "request-in-progress": { status: 409, title: "A request with this idempotency key is still running" },
  "cursor-expired": { status: 410, title: "The log no longer reaches back that far" },
  "precondition-failed": { status: 412, title: "It is no longer the version you saw" },
  "payload-too-large": { status: 413, title: "The body is too large" },
  "use-range": { status: 413, title: "Ask for a range of it" },
  "unsupported-media-type": { status: 415, title: "The content type is not supported" },
  "range-not-satisfiable": { status: 416, title: "The range lies outside the content" },
  "outside-service-window": { status: 422, title: "The 24-hour window is closed; send a template" },
  "invalid-reference": { status: 422, title: "It refers to something that does not exist here" },
  "invalid-phone": { status: 422, title: "That is not a phone number" },
  "invalid-state": { status: 422, title: "Its present state does not allow this" },
  "url-not-allowed": { status: 422, title: "This address must not be fetched" },
  "media-unsupported": { status: 422, title: "This media cannot be used" },
  "media-type-mismatch": { status: 422, title: "The content is not what it claims to be" },
  "missing-variable": { status: 422, title: "A variable of the template has no value" },
  "invalid-variable": { status: 422, title: "A variable of the template has a value that does not fit" },
  "template-not-sendable": { status: 422, title: "The template cannot be sent" },
  "opted-out": { status: 422, title: "The person does not want messages" },
  "idempotency-key-reused": { status: 422, title: "This idempotency key was used for another request" },
  "rate-limited": { status: 429, title: "Too many requests" },
  "internal-error": { status: 500, title: "Something went wrong on our side" },
  "service-unavailable": { status: 503, title: "Not available right now" },
  "timed-out": { status: 503, title: "It took too long" },
  "tenant-database-unavailable": { status: 503, title: "This client's database does not answer" },
} as const satisfies Record<string, { status: number; title: string }>;

export type ProblemCode = keyof typeof problemCatalog;
