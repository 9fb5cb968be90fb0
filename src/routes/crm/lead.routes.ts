import * as z from "zod";
import { objectIdSchema, pageSchema } from "../../contracts/common.contract";
import { leadBatchResultSchema, leadBatchSchema } from "../../contracts/lead.batch.contract";
import { leadSchema } from "../../contracts/lead.contract";
import { createLeadSchema, updateLeadSchema } from "../../contracts/lead.input.contract";
import {
  deletedLeadSchema,
  foundLeadSchema,
  listDeletedLeadsQuery,
  listLeadsQuery,
  searchLeadsSchema,
  showLeadQuery,
} from "../../contracts/lead.search.contract";
import { moveLeadSchema } from "../../contracts/lead.stage.contract";
import { defineRoute, type Route } from "../../lib/http/define.route";
import { changeLeads } from "../../services/saas/crm/lead.batch";
import { searchLeads } from "../../services/saas/crm/lead.search";
import {
  createLead,
  deleteLead,
  listDeletedLeads,
  listLeads,
  moveLead,
  restoreLead,
  showLead,
  updateLead,
} from "../../services/saas/crm/lead.service";
import { leadDuplicateRoutes } from "./lead.duplicate.routes";
import { leadOutput, leadReply } from "./lead.output";
import { leadTagRoutes } from "./lead.tag.routes";
import { leadTimelineRoutes } from "./lead.timeline.routes";
import { leadUpsertRoutes } from "./lead.upsert.routes";

const read = { kind: "tenant", scope: "leads:read" } as const;
const write = { kind: "tenant", scope: "leads:write" } as const;
const tag = "Leads";
const params = z.strictObject({ id: objectIdSchema });

/** Leads: their data and their place in pipelines; upserts, tags, duplicates and timeline in files of their own. */
export const leadRoutes: readonly Route[] = [
  defineRoute({
    operationId: "listLeads",
    method: "GET",
    path: "/api/crm/leads",
    tag,
    summary: "List leads",
    description:
      "Filters are combined with and; `q` looks for words. Deleted leads are left out. A lead is shown whole, unless " +
      "`fields` names some.",
    auth: read,
    input: { query: listLeadsQuery },
    output: { status: 200, description: "A page of leads.", body: pageSchema(foundLeadSchema) },
    problems: ["invalid-cursor", "invalid-phone"],
    run: async ({ ctx, query }) => ({ body: await listLeads(ctx, query) }),
  }),
  defineRoute({
    operationId: "createLead",
    method: "POST",
    path: "/api/crm/leads",
    tag,
    summary: "Create a lead",
    description:
      "It starts in the first open stage of the default pipeline unless told otherwise; a stage that is named may " +
      "be full or ask for fields, as for a move. Phone, e-mail and external " +
      "ids are unique: 409 names the lead that has one of them as `leadId`.",
    auth: write,
    input: { body: createLeadSchema },
    output: { status: 201, description: "The lead.", body: leadSchema },
    problems: ["duplicate", "invalid-phone", "invalid-reference", "stage-full", "missing-fields"],
    idempotent: true,
    run: async ({ ctx, body, effectKey }) => {
      const lead = await createLead(ctx, body, effectKey);
      return { ...leadReply(lead), headers: { location: `/api/crm/leads/${lead.id}` } };
    },
  }),
  defineRoute({
    operationId: "searchLeads",
    method: "POST",
    path: "/api/crm/leads/search",
    tag,
    summary: "Search leads",
    description:
      "By a condition in the grammar of rules, by words, or both. Of your own fields those that are `filterable`. " +
      "Unknown fields, operators that do not fit and values of another type are refused with a pointer.",
    auth: read,
    input: { body: searchLeadsSchema },
    output: { status: 200, description: "A page of leads.", body: pageSchema(foundLeadSchema) },
    problems: ["invalid-cursor"],
    run: async ({ ctx, body }) => ({ body: await searchLeads(ctx, body) }),
  }),
  defineRoute({
    operationId: "changeLeads",
    method: "POST",
    path: "/api/crm/leads/batch",
    tag,
    summary: "Create, change and delete up to 100 leads",
    description:
      "Each row on its own, in their order: a row that fails is told in its result and undoes nothing. With " +
      "`Idempotency-Key` a repeated request gets the same results.",
    auth: write,
    input: { body: leadBatchSchema },
    output: { status: 207, description: "A result per row.", body: leadBatchResultSchema },
    problems: [],
    idempotent: true,
    run: async ({ ctx, body, effectKey }) => ({ body: await changeLeads(ctx, body.operations, effectKey) }),
  }),
  ...leadUpsertRoutes,
  defineRoute({
    operationId: "getLead",
    method: "GET",
    path: "/api/crm/leads/{id}",
    tag,
    summary: "Read a lead",
    description:
      "The id of a lead that was merged leads to the one that took it in: `id` in the answer is the one to keep, and " +
      "`Content-Location` names it.",
    auth: read,
    input: { params, query: showLeadQuery },
    output: { ...leadOutput, body: foundLeadSchema },
    problems: ["not-found"],
    run: async ({ ctx, params: { id }, query }) => {
      const lead = await showLead(ctx, id, query);
      const moved = lead.id === id ? {} : { headers: { "content-location": `/api/crm/leads/${lead.id}` } };
      return { body: lead, version: lead.version, leadId: lead.id, ...moved };
    },
  }),
  defineRoute({
    operationId: "updateLead",
    method: "PATCH",
    path: "/api/crm/leads/{id}",
    tag,
    summary: "Change a lead",
    description:
      "Merge patch: absent stays, null removes; `custom` and `externalIds` are merged per key. With `If-Match` only " +
      "at the version you saw. The stage is changed by move.",
    auth: write,
    input: { params, body: updateLeadSchema },
    output: leadOutput,
    problems: ["not-found", "precondition-failed", "duplicate", "invalid-phone", "invalid-reference"],
    run: async ({ ctx, params: { id }, body, ifMatch }) =>
      leadReply(await updateLead(ctx, { id, ifMatch }, body)),
  }),
  defineRoute({
    operationId: "deleteLead",
    method: "DELETE",
    path: "/api/crm/leads/{id}",
    tag,
    summary: "Delete a lead",
    description:
      "It is hidden, and its phone and e-mail are free for a new lead. Restore undoes it; POST /privacy/erase " +
      "purges it for good.",
    auth: write,
    input: { params },
    output: { status: 204, description: "It is deleted." },
    problems: ["not-found", "precondition-failed"],
    run: async ({ ctx, params: { id }, ifMatch }) => {
      await deleteLead(ctx, { id, ifMatch });
      return { body: undefined };
    },
  }),
  defineRoute({
    operationId: "restoreLead",
    method: "POST",
    path: "/api/crm/leads/{id}/restore",
    tag,
    summary: "Restore a deleted lead",
    description:
      "It stands at the top of its old stage, or where new leads start when that is gone. What lives already stays as it is.",
    auth: write,
    input: { params },
    output: leadOutput,
    problems: ["not-found", "precondition-failed", "duplicate"],
    run: async ({ ctx, params: { id }, ifMatch }) => leadReply(await restoreLead(ctx, { id, ifMatch })),
  }),
  defineRoute({
    operationId: "listDeletedLeads",
    method: "GET",
    path: "/api/crm/leads/deleted",
    tag,
    summary: "List deleted leads",
    description:
      "Those that can be restored, the latest first. Leads that were merged or erased are not among them.",
    auth: read,
    input: { query: listDeletedLeadsQuery },
    output: { status: 200, description: "A page of deleted leads.", body: pageSchema(deletedLeadSchema) },
    problems: ["invalid-cursor"],
    run: async ({ ctx, query }) => ({ body: await listDeletedLeads(ctx, query) }),
  }),
  ...leadDuplicateRoutes,
  defineRoute({
    operationId: "moveLead",
    method: "POST",
    path: "/api/crm/leads/{id}/move",
    tag,
    summary: "Move a lead to a stage",
    description:
      "To the top of the stage, or between neighbours named by `beforeId` and `afterId`. With `If-Match` only at the " +
      "version you saw: of several moves with one ETag one wins.",
    auth: write,
    input: { params, body: moveLeadSchema },
    output: leadOutput,
    problems: [
      "not-found",
      "precondition-failed",
      "invalid-reference",
      "invalid-state",
      "stage-full",
      "missing-fields",
      "conflict",
    ],
    run: async ({ ctx, params: { id }, body, ifMatch }) =>
      leadReply(await moveLead(ctx, { id, ifMatch }, body)),
  }),
  ...leadTagRoutes,
  ...leadTimelineRoutes,
];
