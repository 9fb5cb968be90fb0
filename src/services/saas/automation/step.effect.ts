import type { TenantContext } from "../../../lib/context/tenant.context";
import { isDuplicateKey } from "../../../lib/db/duplicate.key";
import { AppError } from "../../../lib/errors/app.error";
import { failpoint } from "../../../lib/failpoint/failpoint";
import { type Change, commitChange } from "../../../lib/tenant/commit.change";
import type { AutomationRunRecord } from "../../../model/saas/automation.run.schema";
import { actions } from "./actions";
import { type ActionOutput, actionOutputSchema } from "./actions/action";
import { actingSchema, type Step } from "./rule.contract";
import { type HeldRun, moveRunInChange, RunLostError, settleRun } from "./run.lock";
import type { RuleScope } from "./scope";
import { beginLog, effectKeyOf, outputOf, type PendingNote } from "./step.log";

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

/** One step of a run that is held, and all that it needs to act. */
export interface Attempt {
  readonly held: HeldRun;
  readonly step: Step;
  readonly scope: RuleScope;
  /** Where the run goes when the step is done. */
  readonly next: string | null;
  /** Whether a failure now is the step's last. */
  readonly lastTry: boolean;
}

/** The run has moved on already, or it goes where the outcome says. */
export type Performed = { readonly kind: "moved" } | StepOutcome;

/**
 * Does one acting step once. What changes only our own data commits together with its log and the run's move. Of other
 * steps the log row is unique by the effect key: one that was logged as done is not done again, and one that was begun
 * is begun again with the same key, which is what its effect is unique by.
 * @throws StepFailedInPassing when it is worth another try, unless this is the last; RunLostError
 */
export async function performStep(ctx: TenantContext, attempt: Attempt): Promise<Performed> {
  const { held, step, scope } = attempt;
  const action = actions.find((each) => each.type === step.type);
  const settings = Object.fromEntries(Object.entries(step).filter(([name]) => !actingKeys.has(name)));
  const effectKey = effectKeyOf(held.run, step.id);
  const input = { run: held.run, stepId: step.id, effectKey, scope };
  const perform = action?.perform ?? unknownStep;
  try {
    if (perform.in === "change")
      return await performInChange(ctx, attempt, (change) => perform.run(ctx, change, settings, input));
    return await performByCall(ctx, attempt, () => perform.run(ctx, settings, input));
  } catch (error) {
    if (error instanceof RunLostError) throw error;
    return failed(ctx, attempt, error, perform.in === "change");
  }
}

/** The effect, its log and the run's move, all or nothing. */
async function performInChange(
  ctx: TenantContext,
  { held, step, next }: Attempt,
  effect: (change: Change) => Promise<ActionOutput>,
): Promise<Performed> {
  try {
    const run = await commitChange(ctx, async (change) => {
      const output = await effect(change);
      const done = { status: "succeeded", output, reason: null } as const;
      const notes: PendingNote[] = [...held.notes, { step, note: done, tried: true, once: true }];
      return moveRunInChange(
        ctx,
        change,
        held,
        { stepId: next, vars: withOutput(held.run, step, output) },
        notes,
      );
    });
    failpoint("after-step-effect");
    held.run = run;
    held.notes = [];
    held.isAhead = false;
    return { kind: "moved" };
  } catch (error) {
    // Done and logged before, by a release that moved the run afterwards.
    const output = isDuplicateKey(error, "effect") ? await outputOf(ctx, held.run, step) : undefined;
    if (!output) throw error;
    return { kind: "done", output: actionOutputSchema.parse(output) };
  }
}

async function performByCall(
  ctx: TenantContext,
  { held, step }: Attempt,
  effect: () => Promise<ActionOutput>,
): Promise<Performed> {
  await settleRun(ctx, held);
  const log = await beginLog(ctx, held.run, step);
  if (log.status === "succeeded") return { kind: "done", output: actionOutputSchema.parse(log.output) };
  const output = await effect();
  failpoint("after-step-effect");
  held.notes.push({ step, note: { status: "succeeded", output, reason: null } });
  return { kind: "done", output };
}

async function failed(
  ctx: TenantContext,
  { held, step, lastTry }: Attempt,
  error: unknown,
  untold: boolean,
): Promise<StepOutcome> {
  const failure = describeFailure(error);
  const note = (status: "running" | "failed"): PendingNote => ({
    step,
    note: { status, reason: failure.detail },
    ...(untold ? { tried: true } : {}),
  });
  if (failure.worthRetrying && !lastTry) {
    held.notes.push(note("running"));
    throw new StepFailedInPassing(step, error);
  }
  const ids = { runId: held.run._id.toHexString(), step: step.id, code: failure.code };
  ctx.logger.warn("A step of a rule failed.", ids, error);
  held.notes.push(note("failed"));
  const { onError } = actingSchema.parse(step);
  const output = { failed: true, code: failure.code };
  if (onError === "stop") return { kind: "stop", code: failure.code, detail: failure.detail };
  return onError === "continue" ? { kind: "done", output } : { kind: "goto", stepId: onError.goto, output };
}

const actingKeys = new Set(["id", "type", ...Object.keys(actingSchema.shape)]);

/** Of a later release. */
const unknownStep: (typeof actions)[number]["perform"] = {
  in: "call",
  run: async () => {
    throw new AppError("invalid-state", "This build does not know that step.");
  },
};

/** The run's variables with what a step left. */
export const withOutput = (
  run: AutomationRunRecord,
  step: Step,
  output: Readonly<Record<string, unknown>>,
): Record<string, unknown> => ({ ...run.vars, [step.id]: { output } });

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
