import { externalEventInputSchema, externalEventResultSchema } from "../../contracts/automation.contract";
import { defineRoute, type Route } from "../../lib/http/define.route";
import { receiveExternalEvent } from "../../services/saas/automation/external.event.service";

/** Business events from outside, which rules react to. */
export const eventRoutes: readonly Route[] = [
  defineRoute({
    operationId: "receiveEvent",
    method: "POST",
    path: "/api/crm/automations/events",
    tag: "Automation",
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
];
