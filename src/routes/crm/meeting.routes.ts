import * as z from "zod";
import { objectIdSchema, pageSchema } from "../../contracts/common.contract";
import {
  cancelMeetingSchema,
  createMeetingSchema,
  listMeetingsQuery,
  meetingSchema,
  rescheduleMeetingSchema,
  updateMeetingSchema,
} from "../../contracts/meeting.contract";
import { defineRoute, type Route } from "../../lib/http/define.route";
import {
  cancelMeeting,
  confirmMeeting,
  createMeeting,
  getMeeting,
  listMeetings,
  markHeld,
  markNoShow,
  meetingCalendar,
  rescheduleMeeting,
  updateMeeting,
} from "../../services/saas/crm/meeting.service";

const read = { kind: "tenant", scope: "leads:read" } as const;
const write = { kind: "tenant", scope: "leads:write" } as const;
const tag = "Meetings";
const params = z.strictObject({ id: objectIdSchema });
const output = { status: 200, description: "The meeting as it is now.", body: meetingSchema } as const;
const stepProblems = ["not-found", "precondition-failed", "invalid-state"] as const;

const reply = (meeting: z.input<typeof meetingSchema>) => ({
  body: meeting,
  version: meeting.version,
  leadId: meeting.leadId,
});

/** Steps that need nothing but the meeting. */
const plainSteps = [
  {
    verb: "confirm",
    operationId: "confirmMeeting",
    summary: "Confirm a meeting",
    description:
      "`appointment_confirmed` happens once per appointment and sequence, whether told here or from outside.",
    run: confirmMeeting,
  },
  {
    verb: "no-show",
    operationId: "markMeetingNoShow",
    summary: "Note that the lead did not come",
    description: "Once the meeting has begun.",
    run: markNoShow,
  },
  {
    verb: "held",
    operationId: "markMeetingHeld",
    summary: "Note that the meeting took place",
    description: "Once the meeting has begun.",
    run: markHeld,
  },
] as const;

/** Meetings with leads. */
export const meetingRoutes: readonly Route[] = [
  defineRoute({
    operationId: "listMeetings",
    method: "GET",
    path: "/api/crm/meetings",
    tag,
    summary: "List meetings",
    description: "By lead, state and time.",
    auth: read,
    input: { query: listMeetingsQuery },
    output: { status: 200, description: "Meetings by their start.", body: pageSchema(meetingSchema) },
    problems: ["invalid-cursor"],
    run: async ({ ctx, query }) => ({ body: await listMeetings(ctx, query) }),
  }),
  defineRoute({
    operationId: "createMeeting",
    method: "POST",
    path: "/api/crm/meetings",
    tag,
    summary: "Propose a meeting",
    description: "It is proposed until somebody confirms it; rules hear of both.",
    auth: write,
    input: { body: createMeetingSchema },
    output: { status: 201, description: "The meeting.", body: meetingSchema },
    problems: ["invalid-reference", "duplicate"],
    idempotent: true,
    run: async ({ ctx, body, effectKey }) => {
      // An appointment has one meeting, so a second request for it is told so.
      const meeting = await createMeeting(
        ctx,
        body.appointmentId === undefined ? { ...body, effectKey } : body,
      );
      return { ...reply(meeting), headers: { location: `/api/crm/meetings/${meeting.id}` } };
    },
  }),
  defineRoute({
    operationId: "getMeeting",
    method: "GET",
    path: "/api/crm/meetings/{id}",
    tag,
    summary: "Read a meeting",
    description: "With its attendees, state, and the sequence of its calendar entry.",
    auth: read,
    input: { params },
    output,
    problems: ["not-found"],
    run: async ({ ctx, params: { id } }) => reply(await getMeeting(ctx, id)),
  }),
  defineRoute({
    operationId: "updateMeeting",
    method: "PATCH",
    path: "/api/crm/meetings/{id}",
    tag,
    summary: "Change a meeting's title, place or attendees",
    description: "The time is changed by reschedule.",
    auth: write,
    input: { params, body: updateMeetingSchema },
    output,
    problems: stepProblems,
    run: async ({ ctx, params: { id }, body, ifMatch }) =>
      reply(await updateMeeting(ctx, { id, ifMatch }, body)),
  }),
  defineRoute({
    operationId: "rescheduleMeeting",
    method: "POST",
    path: "/api/crm/meetings/{id}/reschedule",
    tag,
    summary: "Move a meeting to another time",
    description: "It is to be confirmed anew.",
    auth: write,
    input: { params, body: rescheduleMeetingSchema },
    output,
    problems: stepProblems,
    run: async ({ ctx, params: { id }, body, ifMatch }) =>
      reply(await rescheduleMeeting(ctx, { id, ifMatch }, body)),
  }),
  defineRoute({
    operationId: "cancelMeeting",
    method: "POST",
    path: "/api/crm/meetings/{id}/cancel",
    tag,
    summary: "Call a meeting off",
    description: "Reminders of rules are not sent any more; the calendar entry is cancelled.",
    auth: write,
    input: { params, body: cancelMeetingSchema.optional() },
    output,
    problems: stepProblems,
    run: async ({ ctx, params: { id }, body, ifMatch }) =>
      reply(await cancelMeeting(ctx, { id, ifMatch }, body?.reason)),
  }),
  ...plainSteps.map(({ verb, run, ...step }) =>
    defineRoute({
      ...step,
      method: "POST",
      path: `/api/crm/meetings/{id}/${verb}`,
      tag,
      auth: write,
      input: { params },
      output,
      problems: stepProblems,
      run: async ({ ctx, params: { id }, ifMatch }) => reply(await run(ctx, { id, ifMatch })),
    }),
  ),
  defineRoute({
    operationId: "getMeetingCalendar",
    method: "GET",
    path: "/api/crm/meetings/{id}/ics",
    tag,
    summary: "Read a meeting as an iCalendar file",
    description: "One entry with a stable uid and a rising sequence: calendars replace what they have.",
    auth: read,
    input: { params },
    output: { status: 200, description: "The calendar file.", contentType: "text/calendar; charset=utf-8" },
    problems: ["not-found"],
    run: async ({ ctx, params: { id } }) => ({
      body: await meetingCalendar(ctx, id),
      headers: { "content-disposition": `attachment; filename="meeting-${id}.ics"` },
    }),
  }),
];
