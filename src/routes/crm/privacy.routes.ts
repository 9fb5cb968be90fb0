import * as z from "zod";
import { objectIdSchema, pageQuery, pageSchema } from "../../contracts/common.contract";
import { erasePersonSchema, erasureSchema, personalRecordSchema } from "../../contracts/privacy.contract";
import { defineRoute, type Route } from "../../lib/http/define.route";
import { getErasure, listErasures, requestErasure } from "../../services/saas/privacy/erase.person.service";
import { readPersonalData } from "../../services/saas/privacy/read.personal.data";

const tag = "Privacy";
const read = { kind: "tenant", scope: "privacy:read" } as const;
const write = { kind: "tenant", scope: "privacy:write" } as const;
const params = z.object({ id: objectIdSchema });

export const privacyRoutes: readonly Route[] = [
  defineRoute({
    operationId: "readPersonalData",
    method: "GET",
    path: "/api/crm/leads/{id}/personal-data",
    tag,
    summary: "Read everything that is stored about a person",
    description:
      "Collection by collection, also of a deleted lead and of those merged into it: the lead, messages, notes, " +
      "meetings, timeline, runs, media, and what Meta sent. A page may hold no record while `hasMore` is true.",
    auth: read,
    input: { params, query: z.strictObject(pageQuery) },
    output: {
      status: 200,
      description: "Records as they are stored.",
      body: pageSchema(personalRecordSchema),
    },
    problems: ["not-found", "invalid-cursor"],
    run: async ({ ctx, params: { id }, query }) => ({ body: await readPersonalData(ctx, id, query) }),
  }),
  defineRoute({
    operationId: "erasePerson",
    method: "POST",
    path: "/api/crm/privacy/erase",
    tag,
    summary: "Erase a person for good",
    description:
      "Messages, media, notes, meetings, timeline, runs, raw webhooks, quarantine, stored answers and the lead itself; " +
      "unsent messages are not sent. Happens in the background; the answer is the proof's row, which stays. Asking " +
      "again answers the same row. It cannot be undone.",
    auth: write,
    input: { body: erasePersonSchema },
    output: { status: 202, description: "The request; read it again for its end.", body: erasureSchema },
    problems: ["invalid-reference"],
    idempotent: true,
    run: async ({ ctx, body: { leadId, reason } }) => ({ body: await requestErasure(ctx, leadId, reason) }),
  }),
  defineRoute({
    operationId: "listErasures",
    method: "GET",
    path: "/api/crm/privacy/erasures",
    tag,
    summary: "List the proofs of erasure",
    description: "Each holds hashes and counts, nothing of the person.",
    auth: read,
    input: { query: z.strictObject(pageQuery) },
    output: { status: 200, description: "Newest first.", body: pageSchema(erasureSchema) },
    problems: ["invalid-cursor"],
    run: async ({ ctx, query }) => ({ body: await listErasures(ctx, query) }),
  }),
  defineRoute({
    operationId: "getErasure",
    method: "GET",
    path: "/api/crm/privacy/erasures/{id}",
    tag,
    summary: "Read one proof of erasure",
    description: "How far it is; `done` means nothing of the person is left.",
    auth: read,
    input: { params },
    output: { status: 200, description: "The proof.", body: erasureSchema },
    problems: ["not-found"],
    run: async ({ ctx, params: { id } }) => ({ body: await getErasure(ctx, id) }),
  }),
];
