import type { TenantContext } from "../../../lib/context/tenant.context";
import { AppError } from "../../../lib/errors/app.error";
import { failpoint } from "../../../lib/failpoint/failpoint";
import { actions } from "./actions";
import { type ActionInput, type ActionOutput, actionOutputSchema } from "./actions/action";
import { actingSchema, type Step } from "./rule.contract";
import type { HeldRun } from "./run.lock";
import type { RuleScope } from "./scope";
import { beginLog, effectKeyOf, noteStep } from "./step.log";

export type StepOutcome =
  | { kind: "done"; output: ActionOutput }
  /** It failed for good, and the rule says where to go then. */
  | { kind: "goto"; stepId: string; output: ActionOutput }
  | { kind: "stop"; code: string; detail: string };

/** A failure in passing: the run stays where it is, and the job tries again. */
export class StepFailedInPassing extends Error {
  override readonly name = "StepFailedInPassing";

  constructor(
    readonly step: Step,
    cause: unknown,
  ) {
    super("A step failed in passing.", { cause });
  }
}

/**
 * Does one acting step once. Its log row is unique by the effect key: a step that was logged as done is not done
 * again, and one that was begun is begun again with the same key, which is what its effect is unique by.
 * @throws StepFailedInPassing when it is worth another try, unless this is the last.
 */
export async function performStep(
  ctx: TenantContext,
  held: HeldRun,
  step: Step,
  scope: RuleScope,
  lastTry: boolean,
): Promise<StepOutcome> {
  const { run } = held;
  const effectKey = effectKeyOf(run, step.id);
  const log = await beginLog(ctx, run, step);
  if (log.status === "succeeded") return { kind: "done", output: actionOutputSchema.parse(log.output) };
  try {
    const output = await runAction(ctx, step, { run, stepId: step.id, effectKey, scope });
    failpoint("after-step-effect");
    await noteStep(ctx, run, step, { status: "succeeded", output, reason: null });
    return { kind: "done", output };
  } catch (error) {
    const failure = describeFailure(error);
    const ids = { runId: run._id.toHexString(), step: step.id, code: failure.code };
    if (failure.worthRetrying && !lastTry) {
      await noteStep(ctx, run, step, { status: "running", reason: failure.detail });
      throw new StepFailedInPassing(step, error);
    }
    ctx.logger.warn("A step of a rule failed.", ids, error);
    await noteStep(ctx, run, step, { status: "failed", reason: failure.detail });
    const { onError } = actingSchema.parse(step);
    const output = { failed: true, code: failure.code };
    if (onError === "stop") return { kind: "stop", code: failure.code, detail: failure.detail };
    return onError === "continue" ? { kind: "done", output } : { kind: "goto", stepId: onError.goto, output };
  }
}

const actingKeys = new Set(["id", "type", ...Object.keys(actingSchema.shape)]);

async function runAction(ctx: TenantContext, step: Step, input: ActionInput): Promise<ActionOutput> {
  const settings = Object.fromEntries(Object.entries(step).filter(([name]) => !actingKeys.has(name)));
  const action = actions.find((each) => each.type === step.type);
  if (!action) throw new AppError("invalid-state", "This build does not know that step.");
  return action.perform(ctx, settings, input);
}

/** What a person reads in the run. Our own errors say it themselves; others are named without their message. */
export function describeFailure(error: unknown): { code: string; detail: string; worthRetrying: boolean } {
  if (error instanceof AppError) {
    return {
      code: error.code,
      detail: [error.detail, ...placesOf(error)].join(" "),
      worthRetrying: error.status >= 500 || error.status === 429,
    };
  }
  return { code: "internal-error", detail: "Something went wrong on our side.", worthRetrying: true };
}

const mostPlaces = 3;

/** Which settings are meant, when the sentence does not say it. */
function placesOf({ detail, options }: AppError): string[] {
  const more = (options.errors ?? []).filter((each) => each.detail !== detail);
  return more.slice(0, mostPlaces).map((each) => `${each.pointer}: ${each.detail}`);
}
