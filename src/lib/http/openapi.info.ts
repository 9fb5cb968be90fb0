import { problemCatalog } from "../errors/problem.catalog";
import { problemType } from "../errors/to.problem";
import type { Route } from "./define.route";

const problemRows = Object.entries(problemCatalog).map(
  ([code, { status, title }]) => `| ${status} | \`${code}\` | ${title} |`,
);

const description = `
The API of ECOD, a communication and CRM platform for many tenants: leads, pipelines, WhatsApp conversations,
templates, automation rules, meetings and media.

**Credentials.** Routes under \`/api/crm\` need \`x-api-key\` and \`x-client-code\`, always both, of the same client.
Routes under \`/api/admin\` need \`x-admin-key\`. Whatever is wrong with them, the answer is the same 401.

**Values.** JSON in camelCase. Times are RFC 3339 in UTC with milliseconds and end in \`At\`. Ids are 24 hex digits.
Unknown fields and query parameters are refused.

**Lists** answer \`{ data, nextCursor, hasMore }\`. Pass \`nextCursor\` as \`cursor\` for the next page, with the same
filter and sort. \`limit\` is 1 to 100, 25 when absent.

**Limits.** A key may make so many requests a second, twice as many in a burst; \`RateLimit-Policy\` and \`RateLimit\` on
every answer say how many. Above it the answer is 429 with \`Retry-After\`; other keys do not feel it.

**Repeating safely.** Send an \`Idempotency-Key\` with a POST that creates or sends. For 24 hours the same request with
the same key gets the first answer again, with \`Idempotency-Replayed: true\`, and has no second effect. Answers 401, 429
and 5xx are not kept: repeat those with the same key.

**Changing safely.** Resources have a \`version\`, sent as \`ETag\` too. Send it as \`If-Match\` with a PATCH or a move:
when somebody else was faster, the answer is 412 with the present state. Without \`If-Match\` the last write wins.

**Versions.** Answers carry \`Crm-Version\`. Within a version fields, operations and values are only added, so pass over
what you do not know. A client may send the version it was written for; one that there is not is refused with 400.

**Tracing.** Every answer carries \`x-request-id\`; send your own (8 to 64 letters, digits, \`.\`, \`_\`, \`-\`) to find it
in the log, on the jobs and on the events that the request caused.

**Problems** are \`application/problem+json\` (RFC 9457); \`type\` is \`${problemType("validation-failed")}\` and so on.
429 and 503 carry \`Retry-After\`.

| status | code | meaning |
|---|---|---|
${problemRows.join("\n")}
`.trim();

export const openApiInfo = {
  title: "ECOD API",
  version: "1.0.0",
  description,
  license: { name: "MIT", identifier: "MIT" },
};

/** The tags of a document in the order in which its routes first use them. */
export function openApiTags(routes: readonly Route[]): { name: string }[] {
  return [...new Set(routes.map((route) => route.tag))].map((name) => ({ name }));
}
