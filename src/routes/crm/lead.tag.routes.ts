import * as z from "zod";
import { objectIdSchema } from "../../contracts/common.contract";
import { leadTagsSchema, removeTagsQuery } from "../../contracts/lead.input.contract";
import { defineRoute, type Route } from "../../lib/http/define.route";
import { addTags, removeTags } from "../../services/saas/crm/lead.service";
import { leadOutput, leadReply } from "./lead.output";

const write = { kind: "tenant", scope: "leads:write" } as const;
const tag = "Leads";
const params = z.strictObject({ id: objectIdSchema });

/** Tags of a lead. */
export const leadTagRoutes: readonly Route[] = [
  defineRoute({
    operationId: "addLeadTags",
    method: "POST",
    path: "/api/crm/leads/{id}/tags",
    tag,
    summary: "Add tags",
    description: "Tags that are there already change nothing.",
    auth: write,
    input: { params, body: leadTagsSchema },
    output: leadOutput,
    problems: ["not-found", "precondition-failed"],
    run: async ({ ctx, params: { id }, body: { tags }, ifMatch }) =>
      leadReply(await addTags(ctx, { id, tags, ifMatch })),
  }),
  defineRoute({
    operationId: "removeLeadTags",
    method: "DELETE",
    path: "/api/crm/leads/{id}/tags",
    tag,
    summary: "Remove tags",
    description: "Named in the body, or as `tag` in the query. Tags that are not there change nothing.",
    auth: write,
    input: { params, query: removeTagsQuery, body: leadTagsSchema.optional() },
    output: leadOutput,
    problems: ["not-found", "precondition-failed"],
    run: async ({ ctx, params: { id }, query, body, ifMatch }) => {
      const tags = [...(body?.tags ?? []), ...[query.tag ?? []].flat()];
      return leadReply(await removeTags(ctx, { id, tags, ifMatch }));
    },
  }),
];
