import * as z from "zod";
import {
  activitySchema,
  createNoteSchema,
  listActivitiesQuery,
  noteSchema,
} from "../../contracts/activity.contract";
import { objectIdSchema, pageQuery, pageSchema } from "../../contracts/common.contract";
import { leadBatchResultSchema, leadBatchSchema } from "../../contracts/lead.batch.contract";
import {
  byExternalParams,
  byPhoneParams,
  createLeadSchema,
  leadSchema,
  leadTagsSchema,
  moveLeadSchema,
  removeTagsQuery,
  stageVisitSchema,
  updateLeadSchema,
  upsertByPhoneSchema,
} from "../../contracts/lead.contract";
import {
  leadDuplicatesSchema,
  listSuspectsQuery,
  mergeLeadSchema,
  suspectsSchema,
} from "../../contracts/lead.duplicate.contract";
import {
  foundLeadSchema,
  listLeadsQuery,
  searchLeadsSchema,
  showLeadQuery,
} from "../../contracts/lead.search.contract";
import { defineRoute, type Route } from "../../lib/http/define.route";
import { timeline } from "../../services/saas/crm/activity.service";
import { changeLeads } from "../../services/saas/crm/lead.batch";
import { findDuplicates } from "../../services/saas/crm/lead.duplicates";
import { mergeLeads } from "../../services/saas/crm/lead.merge";
import { searchLeads } from "../../services/saas/crm/lead.search";
import {
  addTags,
  createLead,
  deleteLead,
  listLeads,
  listStageHistory,
  moveLead,
  removeTags,
  restoreLead,
  showLead,
  updateLead,
  upsertLead,
} from "../../services/saas/crm/lead.service";
import { listSuspects } from "../../services/saas/crm/lead.suspects";
import { addNote } from "../../services/saas/crm/note.service";

const read = { kind: "tenant", scope: "leads:read" } as const;
const write = { kind: "tenant", scope: "leads:write" } as const;
const tag = "Leads";
const params = z.strictObject({ id: objectIdSchema });
const leadOutput = { status: 200, description: "The lead as it is now.", body: leadSchema } as const;

const upsertProblems = ["precondition-failed", "duplicate", "invalid-phone", "invalid-reference"] as const;

const leadReply = (lead: z.input<typeof leadSchema>) => ({
  body: lead,
  version: lead.version,
  leadId: lead.id,
});

/** Leads, their place in pipelines, their tags, notes and timeline. */
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
      "It starts in the first open stage of the default pipeline unless told otherwise. Phone, e-mail and external " +
      "ids are unique: 409 names the lead that has one of them as `leadId`.",
    auth: write,
    input: { body: createLeadSchema },
    output: { status: 201, description: "The lead.", body: leadSchema },
    problems: ["duplicate", "invalid-phone", "invalid-reference"],
    idempotent: true,
    run: async ({ ctx, body }) => {
      const lead = await createLead(ctx, body);
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
    run: async ({ ctx, body }) => ({ body: await changeLeads(ctx, body.operations) }),
  }),
  defineRoute({
    operationId: "upsertLeadByPhone",
    method: "PUT",
    path: "/api/crm/leads/by-phone/{e164}",
    tag,
    summary: "Create or change the lead with this phone",
    description: "Any spelling of the number. Version 1 in the answer tells that it is new.",
    auth: write,
    input: { params: byPhoneParams, body: upsertByPhoneSchema },
    output: leadOutput,
    problems: upsertProblems,
    run: async ({ ctx, params: { e164 }, body, ifMatch }) =>
      leadReply(await upsertLead(ctx, { phone: e164 }, body, ifMatch)),
  }),
  defineRoute({
    operationId: "upsertLeadByExternalId",
    method: "PUT",
    path: "/api/crm/leads/by-external/{system}/{id}",
    tag,
    summary: "Create or change the lead with this id in another system",
    description: "Version 1 in the answer tells that it is new.",
    auth: write,
    input: { params: byExternalParams, body: updateLeadSchema },
    output: leadOutput,
    problems: upsertProblems,
    run: async ({ ctx, params, body, ifMatch }) =>
      leadReply(await upsertLead(ctx, { externalId: params }, body, ifMatch)),
  }),
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
      "It is hidden, and its phone and e-mail are free for a new lead. Restore undoes it; POST /leads/{id}/erase " +
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
    problems: ["not-found", "duplicate"],
    run: async ({ ctx, params: { id } }) => leadReply(await restoreLead(ctx, id)),
  }),
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
    problems: ["not-found"],
    run: async ({ ctx, params: { id }, body: { tags } }) => leadReply(await addTags(ctx, { id, tags })),
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
    problems: ["not-found"],
    run: async ({ ctx, params: { id }, query, body }) => {
      const tags = [...(body?.tags ?? []), ...[query.tag ?? []].flat()];
      return leadReply(await removeTags(ctx, { id, tags }));
    },
  }),
  defineRoute({
    operationId: "addLeadNote",
    method: "POST",
    path: "/api/crm/leads/{id}/notes",
    tag,
    summary: "Write a note",
    description: "For colleagues only; it is on the timeline and is never sent.",
    auth: write,
    input: { params, body: createNoteSchema },
    output: { status: 201, description: "The note; it is on the timeline too.", body: noteSchema },
    problems: ["not-found"],
    idempotent: true,
    run: async ({ ctx, params: { id }, body }) => ({ body: await addNote(ctx, id, body), leadId: id }),
  }),
  defineRoute({
    operationId: "listLeadActivities",
    method: "GET",
    path: "/api/crm/leads/{id}/activities",
    tag,
    summary: "Read a lead's timeline",
    description: "What happened to the lead: who, when, before and after, and which rule did it.",
    auth: read,
    input: { params, query: listActivitiesQuery },
    output: { status: 200, description: "What happened, newest first.", body: pageSchema(activitySchema) },
    problems: ["not-found", "invalid-cursor"],
    run: async ({ ctx, params: { id }, query }) => ({ body: await timeline(ctx, id, query) }),
  }),
  defineRoute({
    operationId: "listStageHistory",
    method: "GET",
    path: "/api/crm/leads/{id}/stage-history",
    tag,
    summary: "Read which stages a lead was in",
    description: "When it came, when it left, how long it stayed, and who moved it.",
    auth: read,
    input: { params, query: z.strictObject(pageQuery) },
    output: { status: 200, description: "Stays, oldest first.", body: pageSchema(stageVisitSchema) },
    problems: ["not-found", "invalid-cursor"],
    run: async ({ ctx, params: { id }, query }) => ({ body: await listStageHistory(ctx, id, query) }),
  }),
];
