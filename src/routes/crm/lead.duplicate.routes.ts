import * as z from "zod";
import { objectIdSchema, pageSchema } from "../../contracts/common.contract";
import {
  leadDuplicatesSchema,
  listSuspectsQuery,
  mergeLeadSchema,
  suspectsSchema,
} from "../../contracts/lead.duplicate.contract";
import { defineRoute, type Route } from "../../lib/http/define.route";
import { findDuplicates } from "../../services/saas/crm/lead.duplicates";
import { mergeLeads } from "../../services/saas/crm/lead.merge";
import { listSuspects } from "../../services/saas/crm/lead.suspects";
import { leadOutput, leadReply } from "./lead.output";

const read = { kind: "tenant", scope: "leads:read" } as const;
const write = { kind: "tenant", scope: "leads:write" } as const;
const tag = "Leads";
const params = z.strictObject({ id: objectIdSchema });

/** Leads that may be one person, and making them one. */
export const leadDuplicateRoutes: readonly Route[] = [
  defineRoute({
    operationId: "listSuspectedDuplicates",
    method: "GET",
    path: "/api/crm/leads/duplicates",
    tag,
    summary: "All suspected duplicates",
    description:
      "Leads of one mailbox or of one name and company, a group at a time: merge them, or let them be. A page may hold " +
      "no group while `hasMore` is true.",
    auth: read,
    input: { query: listSuspectsQuery },
    output: { status: 200, description: "A page of groups.", body: pageSchema(suspectsSchema) },
    problems: ["invalid-cursor"],
    run: async ({ ctx, query }) => ({ body: await listSuspects(ctx, query) }),
  }),
  defineRoute({
    operationId: "listLeadDuplicates",
    method: "GET",
    path: "/api/crm/leads/{id}/duplicates",
    tag,
    summary: "Suspected duplicates of a lead",
    description:
      "Leads with the same number in another spelling, the same mailbox, or the same name and company.",
    auth: read,
    input: { params },
    output: { status: 200, description: "The likeliest first.", body: leadDuplicatesSchema },
    problems: ["not-found"],
    run: async ({ ctx, params: { id } }) => ({ body: await findDuplicates(ctx, id) }),
  }),
  defineRoute({
    operationId: "mergeLead",
    method: "POST",
    path: "/api/crm/leads/{id}/merge",
    tag,
    summary: "Merge a duplicate into a lead",
    description:
      "This lead wins; what it does not know comes from the duplicate. Conversations, messages, meetings, notes and " +
      "the timeline move here, an opt-out of either stays, and the duplicate's id leads here. Not to be undone. Many " +
      "messages follow in the background; done twice it is done once.",
    auth: write,
    input: { params, body: mergeLeadSchema },
    output: leadOutput,
    problems: ["not-found", "precondition-failed", "invalid-reference", "invalid-state"],
    run: async ({ ctx, params: { id }, body: { duplicateId }, ifMatch }) =>
      leadReply(await mergeLeads(ctx, { baseId: id, otherId: duplicateId, ifMatch })),
  }),
];
