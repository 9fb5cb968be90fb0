import * as z from "zod";
import {
  activitySchema,
  createNoteSchema,
  listActivitiesQuery,
  noteSchema,
} from "../../contracts/activity.contract";
import { objectIdSchema, pageQuery, pageSchema } from "../../contracts/common.contract";
import { stageVisitSchema } from "../../contracts/lead.stage.contract";
import { defineRoute, type Route } from "../../lib/http/define.route";
import { timeline } from "../../services/saas/crm/activity.service";
import { listStageHistory } from "../../services/saas/crm/lead.service";
import { addNote } from "../../services/saas/crm/note.service";

const read = { kind: "tenant", scope: "leads:read" } as const;
const write = { kind: "tenant", scope: "leads:write" } as const;
const tag = "Leads";
const params = z.strictObject({ id: objectIdSchema });

/** What happened to a lead: notes, the timeline, stays in stages. */
export const leadTimelineRoutes: readonly Route[] = [
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
    run: async ({ ctx, params: { id }, body, effectKey }) => ({
      body: await addNote(ctx, id, body, effectKey),
      leadId: id,
    }),
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
