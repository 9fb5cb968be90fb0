import { durationMs } from "../../../lib/duration/duration";
import { AppError } from "../../../lib/errors/app.error";
import { renderText } from "./render";
import type { DelayStep } from "./rule.contract";
import type { RuleScope } from "./scope";

export type DelayPlan =
  | { kind: "wait"; until: Date }
  | { kind: "go_on" }
  | { kind: "skip_next" }
  | { kind: "exit" };

/**
 * When a delay is over, counted from the moment the run reached it.
 * @throws AppError missing-variable when `until` does not render to a time.
 */
export async function planDelay(step: DelayStep, scope: RuleScope, reachedAt: Date): Promise<DelayPlan> {
  const until = step.duration
    ? new Date(reachedAt.getTime() + durationMs(step.duration))
    : await untilTime(step, scope);
  if (until.getTime() > reachedAt.getTime()) return { kind: "wait", until };
  return { kind: step.ifPast === "run" ? "go_on" : step.ifPast };
}

async function untilTime(step: DelayStep, scope: RuleScope): Promise<Date> {
  const rendered = await renderText(step.until ?? "", scope);
  const base = Date.parse(rendered);
  if (Number.isNaN(base)) {
    throw new AppError(
      "missing-variable",
      "`until` of a delay does not render to a time such as 2026-12-01T09:00:00Z.",
    );
  }
  return new Date(base + (step.offset ? durationMs(step.offset) : 0));
}
