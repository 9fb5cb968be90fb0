/** Reminders follow the appointment: where a run goes when the time that its delays wait for has moved. */
import type { CrmEvent } from "../../../contracts/crm.event.contract";
import type { TenantContext } from "../../../lib/context/tenant.context";
import { AppError } from "../../../lib/errors/app.error";
import type { AutomationRunRecord } from "../../../model/saas/automation.run.schema";
import type { RuleDefinition, Step } from "./rule.contract";
import { readScope } from "./scope";
import { delayStep } from "./steps/delay.step";

/** What a run becomes; without a cursor it stays where it stands. */
export type Rewound = Partial<
  Pick<AutomationRunRecord, "cursor" | "vars" | "values" | "triggerEvent" | "causation">
>;

/** It tells of the run's own appointment what a later sequence has replaced: calendars' news may overtake each other. */
export function isOldNews({ triggerEvent }: AutomationRunRecord, { data }: CrmEvent): boolean {
  const { appointmentId, sequence } = triggerEvent.data;
  return (
    appointmentId !== undefined &&
    appointmentId === data.appointmentId &&
    typeof sequence === "number" &&
    typeof data.sequence === "number" &&
    data.sequence < sequence
  );
}

/**
 * The run takes over the event's data. It goes back to the first delay at or before its place whose new time is still
 * to come, so that a reminder that went out for the old time goes out for the new one too; steps taken again are new
 * effects. When there is none, a delay that it stands on is counted anew, and any other step is left alone.
 */
export async function rewind(
  ctx: TenantContext,
  run: AutomationRunRecord,
  definition: RuleDefinition,
  event: CrmEvent,
): Promise<Rewound> {
  const triggerEvent = { ...run.triggerEvent, data: { ...run.triggerEvent.data, ...event.data } };
  const moved = { ...run, triggerEvent };
  const place = definition.steps.findIndex(({ id }) => id === run.cursor.stepId);
  for (const step of definition.steps.slice(0, place + 1)) {
    if (step.type !== "delay" || step.until === undefined) continue;
    if (await isToCome(ctx, moved, step))
      return { triggerEvent, cursor: { stepId: step.id, iteration: run.cursor.iteration + 1 } };
  }
  if (definition.steps[place]?.type !== "delay") return { triggerEvent };
  return { triggerEvent, cursor: { ...run.cursor, iteration: run.cursor.iteration + 1 } };
}

/**
 * A run that is through goes back to the first delay on its way whose new time is still to come.
 * @returns undefined when there is none
 */
export async function rewindEnded(
  ctx: TenantContext,
  run: AutomationRunRecord,
  definition: RuleDefinition,
  event: CrmEvent,
): Promise<Rewound | undefined> {
  const triggerEvent = { ...run.triggerEvent, data: { ...run.triggerEvent.data, ...event.data } };
  for (const step of definition.steps) {
    if (step.type !== "delay" || step.until === undefined || !Object.hasOwn(run.vars, step.id)) continue;
    if (await isToCome(ctx, { ...run, triggerEvent }, step))
      return { triggerEvent, cursor: { stepId: step.id, iteration: run.cursor.iteration + 1 } };
  }
  return undefined;
}

async function isToCome(ctx: TenantContext, run: AutomationRunRecord, step: Step): Promise<boolean> {
  const { id, type, data, occurredAt, subject } = run.triggerEvent;
  const scope = await readScope(ctx, { id, type, data, occurredAt: occurredAt.toISOString(), subject });
  const input = {
    run,
    stepId: step.id,
    scope: { ...scope, steps: run.vars, vars: run.values },
    now: ctx.now(),
  };
  try {
    return (await delayStep.enter(step, input)).kind === "wait";
  } catch (error) {
    // A time that no longer renders is told of when the run reaches the step.
    if (error instanceof AppError) return false;
    throw error;
  }
}
