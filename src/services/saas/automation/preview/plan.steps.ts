/** Walks a rule's steps the way the engine does, with a clock of its own that jumps over every wait. */
import type { DryRun, PlannedStep } from "../../../../contracts/automation.insight.contract";
import type { TenantContext } from "../../../../lib/context/tenant.context";
import { AppError } from "../../../../lib/errors/app.error";
import type { AutomationRunRecord } from "../../../../model/saas/automation.run.schema";
import type { LeadRecord } from "../../../../model/saas/lead.schema";
import { refuseUnwanted } from "../../messaging/refuse.unwanted";
import { actions } from "../actions";
import { referenceProblems } from "../reference.problems";
import { actingSchema, type RuleDefinition, type Step } from "../rule.contract";
import { following, goneReason, targetOf } from "../run.path";
import type { RuleScope } from "../scope";
import { describeFailure } from "../step.effect";
import { controlSteps } from "../steps";
import type { RunnableControl } from "../steps/control.step";
import { type Opening, openingFor, type SendPlan } from "./plan.opening";
import { renderStep } from "./render.step";

export interface PlanInput {
  readonly run: AutomationRunRecord;
  readonly definition: RuleDefinition;
  readonly scope: RuleScope;
  readonly lead: LeadRecord;
  readonly windowExpiresAt: Date | null;
}

type Plan = Pick<DryRun, "steps" | "end" | "assumes">;
type End = NonNullable<Plan["end"]>;

/** Where the planned run stands. */
interface Walk extends SendPlan {
  readonly ctx: TenantContext;
  readonly windowExpiresAt: Date | null;
  readonly assumes: Set<string>;
  /** By step: what it names and is not here, which would fail it. */
  readonly absent: ReadonlyMap<string, string>;
  at: Date;
  /** What steps left and set: `steps.*` and `vars.*`. */
  outputs: Record<string, { output: Readonly<Record<string, unknown>> }>;
  values: Record<string, unknown>;
}

/** What became of one step: its line in the plan, and the step behind it or the end. */
type Taken = { readonly line: PlannedStep } & (
  | { readonly next: string | null }
  | { readonly end: Pick<End, "status" | "reason"> }
);

const later = "Conditions and variables see the lead as it is now, without what steps change before.";
const quiet = "No event comes while it waits for one: it goes on when its time is over.";

/** Reads what sending asks for; writes nothing. */
export async function planSteps(ctx: TenantContext, input: PlanInput): Promise<Plan> {
  const { definition, run, scope, windowExpiresAt } = input;
  const gone = goneReason(scope, run);
  const walk: Walk = {
    ctx,
    ...input,
    windowExpiresAt,
    assumes: new Set(),
    sent: [],
    at: run.dueAt ?? ctx.now(),
    absent: await absentNames(ctx, definition),
    outputs: {},
    values: {},
  };
  const steps: PlannedStep[] = [];
  const ended = (status: End["status"], reason: string | null): Plan => ({
    steps,
    end: { status, reason, at: walk.at.toISOString() },
    assumes: [...walk.assumes],
  });
  if (gone) return ended("exited", gone);
  for (let id: string | null = run.cursor.stepId; id !== null; ) {
    const step = definition.steps.find((each) => each.id === id);
    if (!step) break;
    const control = controlSteps.find(({ type }) => type === step.type);
    const taken = control ? await takeControl(walk, step, control) : await takeAction(walk, step);
    steps.push(taken.line);
    if ("end" in taken) return ended(taken.end.status, taken.end.reason);
    id = taken.next;
  }
  return ended("completed", null);
}

/** What stands in for another message fails only where that message cannot go. */
const isStandIn = (pointer: string): boolean => pointer.includes("/windowClosed/");

async function absentNames(
  ctx: TenantContext,
  definition: RuleDefinition,
): Promise<ReadonlyMap<string, string>> {
  const [problems = []] = await referenceProblems(ctx, [{ definition, pointer: "" }]);
  const absent = new Map<string, string>();
  for (const { severity, code, pointer, detail } of problems) {
    const step = definition.steps[Number(/^\/steps\/(\d+)\//.exec(pointer)?.[1] ?? Number.NaN)];
    if (step && severity === "error" && code !== "missing-variable" && !isStandIn(pointer))
      absent.set(step.id, detail);
  }
  return absent;
}

const scopeAt = ({ scope, outputs, values }: Walk): RuleScope => ({ ...scope, steps: outputs, vars: values });

function lineOf(step: Step, at: Date): PlannedStep {
  const { id, type, ...input } = step;
  const time = at.toISOString();
  const nothing = { waits: [], output: {}, text: null, trace: [], reason: null };
  return { stepId: id, type, status: "done", reachedAt: time, at: time, input, ...nothing };
}

async function takeControl(walk: Walk, step: Step, control: RunnableControl): Promise<Taken> {
  const { definition, run } = walk;
  const line = lineOf(step, walk.at);
  if (step.type === "branch" && Object.keys(walk.outputs).length > 0) walk.assumes.add(later);
  const input = () => ({ run, stepId: step.id, scope: scopeAt(walk), now: walk.at });
  try {
    let move = await control.enter(step, input());
    if (move.kind === "wait" && move.wait.until) {
      line.waits.push({ reason: move.wait.kind, until: move.wait.until.toISOString() });
      if (move.wait.kind === "event") walk.assumes.add(quiet);
      walk.at = move.wait.until;
      move = await control.resume(step, input());
    }
    line.at = walk.at.toISOString();
    line.output = { ...move.output };
    line.trace = (move.trace ?? []).map((each) => ({ ...each }));
    line.reason = move.reason ?? null;
    if (move.kind === "end") return { line, end: { status: move.status, reason: move.exitReason } };
    walk.outputs[step.id] = { output: line.output };
    walk.values = { ...walk.values, ...move.values };
    return { line, next: targetOf(definition, step, move) };
  } catch (error) {
    return failed(line, error);
  }
}

async function takeAction(walk: Walk, step: Step): Promise<Taken> {
  const { ctx, definition } = walk;
  const line = lineOf(step, walk.at);
  const action = actions.find((each) => each.type === step.type);
  const sends = action !== undefined && "sends" in action && action.sends;
  if (sends) {
    const opening: Opening = await openingFor(ctx, walk, step, walk.at);
    line.waits = opening.waits;
    walk.at = opening.at;
    line.at = walk.at.toISOString();
    if (opening.skip !== undefined) {
      walk.outputs[step.id] = { output: { skipped: true, code: opening.skip } };
      const next = following(definition, step, 1);
      return { line: { ...line, status: "skipped", reason: opening.skip }, next };
    }
  }
  try {
    const { windowExpiresAt } = walk;
    const open = windowExpiresAt !== null && windowExpiresAt > walk.at;
    const absent = walk.absent.get(step.id);
    if (absent !== undefined) throw new AppError("invalid-reference", absent);
    if (sends) refuseUnwanted(walk.lead);
    const rendered = await renderStep(ctx, step, scopeAt(walk), { open, lead: walk.lead });
    Object.assign(line, rendered);
    walk.outputs[step.id] = { output: line.output };
    if (sends) walk.sent.unshift(walk.at);
    return { line, next: following(definition, step, 1) };
  } catch (error) {
    const taken = failed(line, error);
    const { onError } = actingSchema.parse(step);
    if (onError === "stop" || !("end" in taken)) return taken;
    walk.outputs[step.id] = { output: { failed: true, code: taken.end.reason } };
    const next = onError === "continue" ? following(definition, step, 1) : onError.goto;
    return { line: taken.line, next };
  }
}

/** @throws what is our own fault. */
function failed(line: PlannedStep, error: unknown): Taken {
  const { code, detail } = describeFailure(error);
  if (code === "internal-error") throw error;
  return { line: { ...line, status: "failed", reason: detail }, end: { status: "failed", reason: code } };
}
