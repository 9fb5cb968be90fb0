import * as z from "zod";
import { keySchema, pageQuery, pageSchema } from "../../contracts/common.contract";
import {
  createEventTypeSchema,
  eventTypeInputSchema,
  eventTypePatchSchema,
  eventTypeSchema,
} from "../../contracts/event.type.contract";
import { externalEventInputSchema, externalEventResultSchema } from "../../contracts/external.event.contract";
import { defineRoute, type Route } from "../../lib/http/define.route";
import {
  changeEventType,
  createEventType,
  declareEventType,
  deleteEventType,
  getEventType,
  listEventTypes,
} from "../../services/saas/automation/event.type.service";
import { receiveExternalEvent } from "../../services/saas/automation/external.event.service";

const tag = "Automation";
const readTypes = { kind: "tenant", scope: "automations:read" } as const;
const writeTypes = { kind: "tenant", scope: "automations:write" } as const;
const byKey = z.strictObject({ key: keySchema });
const output = { status: 200, description: "The type as it is now.", body: eventTypeSchema } as const;
const reply = (type: z.input<typeof eventTypeSchema>) => ({ body: type, version: type.version });

/** Business events from outside, which rules react to. */
export const eventRoutes: readonly Route[] = [
  defineRoute({
    operationId: "receiveEvent",
    method: "POST",
    path: "/api/crm/automations/events",
    tag,
    summary: "Tell of a business event",
    description:
      "Hands an event such as `appointment_confirmed` to the rules. The same `id` again is a no-op, so retry freely. " +
      "Appointment events are unique by appointmentId and sequence, whoever tells of them.",
    auth: { kind: "tenant", scope: "events:write" },
    input: { body: externalEventInputSchema },
    output: { status: 202, description: "Taken; rules have been started.", body: externalEventResultSchema },
    problems: ["invalid-reference", "invalid-phone"],
    idempotent: true,
    run: async ({ ctx, body }) => {
      const result = await receiveExternalEvent(ctx, body);
      return { body: result, leadId: result.leadId };
    },
  }),
  defineRoute({
    operationId: "listEventTypes",
    method: "GET",
    path: "/api/crm/event-types",
    tag,
    summary: "List declared event types",
    description: "External events that rules may start by, with the schema of their data.",
    auth: readTypes,
    input: { query: z.strictObject(pageQuery) },
    output: { status: 200, description: "Types by key.", body: pageSchema(eventTypeSchema) },
    problems: ["invalid-cursor"],
    run: async ({ ctx, query }) => ({ body: await listEventTypes(ctx, query) }),
  }),
  defineRoute({
    operationId: "createEventType",
    method: "POST",
    path: "/api/crm/event-types",
    tag,
    summary: "Declare a new event type",
    description:
      "Says what the data of its events holds, and whether an unknown subject becomes a lead. Rules name it " +
      "`external_event:<key>`.",
    auth: writeTypes,
    input: { body: createEventTypeSchema },
    output: { ...output, status: 201 },
    problems: ["duplicate", "invalid-state"],
    idempotent: true,
    run: async ({ ctx, body }) => reply(await createEventType(ctx, body)),
  }),
  defineRoute({
    operationId: "getEventType",
    method: "GET",
    path: "/api/crm/event-types/{key}",
    tag,
    summary: "Read an event type",
    description: "The schema that data of this event must have.",
    auth: readTypes,
    input: { params: byKey },
    output,
    problems: ["not-found"],
    run: async ({ ctx, params: { key } }) => reply(await getEventType(ctx, key)),
  }),
  defineRoute({
    operationId: "declareEventType",
    method: "PUT",
    path: "/api/crm/event-types/{key}",
    tag,
    summary: "Declare an event type",
    description:
      "Says what the data of its events holds, and whether an unknown subject becomes a lead. Rules name it " +
      "`external_event:<key>`. Declaring it again replaces the declaration; types that nobody declared take any data.",
    auth: writeTypes,
    input: { params: byKey, body: eventTypeInputSchema },
    output,
    problems: ["not-found", "precondition-failed", "invalid-state"],
    run: async ({ ctx, params: { key }, body, ifMatch }) =>
      reply(await declareEventType(ctx, { key, ifMatch }, body)),
  }),
  defineRoute({
    operationId: "updateEventType",
    method: "PATCH",
    path: "/api/crm/event-types/{key}",
    tag,
    summary: "Change an event type",
    description: "What is not named stays. Events that were taken before stay as they are.",
    auth: writeTypes,
    input: { params: byKey, body: eventTypePatchSchema },
    output,
    problems: ["not-found", "precondition-failed"],
    run: async ({ ctx, params: { key }, body, ifMatch }) =>
      reply(await changeEventType(ctx, { key, ifMatch }, body)),
  }),
  defineRoute({
    operationId: "deleteEventType",
    method: "DELETE",
    path: "/api/crm/event-types/{key}",
    tag,
    summary: "Delete an event type",
    description: "Its events are taken with any data from then on.",
    auth: writeTypes,
    input: { params: byKey },
    output: { status: 204, description: "It is deleted." },
    problems: ["not-found"],
    run: async ({ ctx, params: { key } }) => {
      await deleteEventType(ctx, key);
      return { body: undefined };
    },
  }),
];
