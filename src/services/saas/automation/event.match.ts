/** Names an event and what it must have to count: `exitOn`, `goal`, `rescheduleOn`, `restartOn`, `wait_for`. */
import * as z from "zod";
import { keySchema } from "../../../contracts/common.contract";
import { conditionSchema } from "../../../contracts/condition.contract";
import type { CrmEvent } from "../../../contracts/crm.event.contract";
import { readPath } from "../../../lib/condition";
import { judgeCondition } from "./rule.fields";
import { triggerEventSchema, triggersOf } from "./triggers";

export const eventMatchSchema = z
  .strictObject({
    event: triggerEventSchema.meta({ description: "The event.", example: "message_received" }),
    match: z
      .string()
      .regex(/^event\.data(\.[A-Za-z0-9_]{1,64}){1,4}$/, "must be a path such as event.data.appointmentId")
      .optional()
      .meta({
        description: "Only if this value is the same in the event that started the run.",
        example: "event.data.appointmentId",
      }),
    stageKey: keySchema
      .optional()
      .meta({ description: "Stage events: only this stage, entered or left.", example: "proposal" }),
    stageType: z
      .enum(["open", "won", "lost"])
      .optional()
      .meta({ description: "stage_enter: only a stage of this type.", example: "open" }),
    filter: conditionSchema
      .optional()
      .meta({ description: "Condition on the event: `event.data.*` and `changes.*`." }),
  })
  .meta({ id: "EventMatch", description: "An event, and what it must have to count." });
export type EventMatch = z.output<typeof eventMatchSchema>;

/** Is this the event that is meant? `ours` is the data of the event that started the run. */
export function isMeant(
  wanted: EventMatch,
  event: CrmEvent,
  ours: Readonly<Record<string, unknown>>,
  now: Date,
): boolean {
  if (!triggersOf(event).includes(wanted.event)) return false;
  const stage = event.type === "stage_exit" ? event.data.fromStageKey : event.data.toStageKey;
  if (wanted.stageKey && wanted.stageKey !== stage) return false;
  if (wanted.stageType && wanted.stageType !== event.data.stageType) return false;
  if (wanted.filter) {
    // Of a message its event tells who sent it and its kind.
    const scope = { event: { data: event.data }, message: event.data, changes: event.changes ?? {} };
    if (!judgeCondition(wanted.filter, scope, now).passed) return false;
  }
  if (!wanted.match) return true;
  const expected = readPath({ event: { data: ours } }, wanted.match);
  return expected !== undefined && expected === readPath({ event: { data: event.data } }, wanted.match);
}
