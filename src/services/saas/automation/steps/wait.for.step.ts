import * as z from "zod";
import { durationSchema } from "../../../../contracts/common.contract";
import { durationMs } from "../../../../lib/duration/duration";
import { eventMatchSchema } from "../event.match";
import { jumpSchema } from "../step.id";
import { triggerEventSchema } from "../triggers";
import { defineControl } from "./control.step";

const waitForConfig = {
  events: z
    .array(z.union([triggerEventSchema, eventMatchSchema]))
    .min(1)
    .max(10)
    .meta({ description: "Any of these events of the lead's ends the wait.", example: ["message_received"] }),
  timeout: durationSchema.default("P30D").meta({ description: "Wait no longer than this.", example: "P2D" }),
  onEvent: jumpSchema
    .optional()
    .meta({ description: "Where to go when one came; the next step when absent." }),
  onTimeout: jumpSchema
    .optional()
    .meta({ description: "Where to go when none came in time; the next step when absent." }),
};
export const waitForSchema = z.object(waitForConfig);

const nameOf = (event: z.output<typeof waitForSchema>["events"][number]): string =>
  typeof event === "string" ? event : event.event;

/** Stands still until something happens to the lead, or too long nothing does. */
export const waitForStep = defineControl({
  type: "wait_for",
  description: "Wait until something happens to the lead.",
  config: waitForConfig,
  check: ({ timeout }) =>
    durationMs(timeout) > 0 ? [] : [{ path: ["timeout"], message: "must be above zero" }],
  targets: ({ onEvent, onTimeout }) => [
    ...(onEvent === undefined ? [] : [{ path: ["onEvent"], to: onEvent }]),
    ...(onTimeout === undefined ? [] : [{ path: ["onTimeout"], to: onTimeout }]),
  ],
  hears: ({ events }) => events.map(nameOf),
  async enter({ events, timeout }, { now }) {
    const until = new Date(now.getTime() + durationMs(timeout));
    return { kind: "wait", wait: { kind: "event", until, events: events.map(nameOf), reason: null } };
  },
  async resume({ onTimeout }) {
    const output = { event: null, timedOut: true };
    return onTimeout === undefined
      ? { kind: "next", output, reason: "timeout" }
      : { kind: "goto", stepId: onTimeout, output, reason: "timeout" };
  },
});
