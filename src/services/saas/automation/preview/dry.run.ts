/** What a rule would do with a lead and an event. Everything here reads and reckons; nothing is stored, sent or queued. */
import { Types } from "mongoose";
import type { DryRun } from "../../../../contracts/automation.insight.contract";
import type { CrmEvent } from "../../../../contracts/crm.event.contract";
import type { TenantContext } from "../../../../lib/context/tenant.context";
import { AppError } from "../../../../lib/errors/app.error";
import { getCrmModels } from "../../../../lib/tenant/get.crm.model";
import { readSettings } from "../../crm/settings.read";
import { readDeclared } from "../declared";
import { alreadyIn, newRun } from "../enroll.run";
import type { Enrollment } from "../enrollment.key";
import { lookAtEnrollment } from "../look.at.enrollment";
import { type Match, matchRule } from "../match.rules";
import { readDefinition } from "../published.rules";
import { checkRule } from "../rule.check";
import type { RuleDefinition } from "../rule.contract";
import type { RuleScope } from "../scope";
import { nextStart } from "../start.limit";
import { triggersOf } from "../triggers";
import type { DryRunInput } from "./dry.run.contract";
import { dryEvent } from "./event.made.up";
import { planSteps } from "./plan.steps";
import { readStage } from "./stage.of.dry.run";

interface DryRule {
  readonly _id: Types.ObjectId;
  readonly definition: RuleDefinition;
  readonly priority: number;
}

/**
 * Judges the event as if it came at `now`, and plans the run that it would start.
 * @throws AppError not-found for the rule, invalid-reference for the lead, validation-failed for the definition,
 * invalid-state for a draft that this release cannot read
 */
export async function dryRun(ctx: TenantContext, input: DryRunInput): Promise<DryRun> {
  const now = input.now === undefined ? ctx.now() : new Date(input.now);
  const then: TenantContext = { ...ctx, now: () => now };
  const rule = await ruleOf(then, input);
  const { lead, windowExpiresAt, scopeOf } = await readStage(
    then,
    input,
    input.event.type ?? rule.definition.trigger.event,
  );
  const event = dryEvent(then, input.event, rule.definition, lead._id);
  const scope = await scopeOf(event);
  const match = matchOf(rule, event, scope, now);
  const judged = { now: now.toISOString(), trace: match.trace.map((line) => ({ ...line })) };
  const enrollment =
    match.outcome === "enrolled" ? await enrollmentFor(then, rule, event, scope, lead._id) : match;
  if ("outcome" in enrollment) {
    const { outcome, reason } = enrollment;
    return {
      ...judged,
      outcome,
      reason: reason ?? null,
      startsAt: null,
      waits: [],
      steps: [],
      end: null,
      assumes: [],
    };
  }
  const published = { ...rule, name: "", version: 0, trigger: rule.definition.trigger.event };
  const { automation } = await readSettings(await getCrmModels(then.clientCode));
  const startAt = await nextStart(then, automation.startsPerMinute);
  const run = newRun(then, published, event, lead._id.toHexString(), enrollment, startAt);
  // The same question has the same answer: splits and places behind an opening are drawn from the run's id.
  const plan = await planSteps(then, {
    run: { ...run, _id: lead._id },
    definition: rule.definition,
    scope,
    lead,
    windowExpiresAt,
  });
  const startsAt = startAt.toISOString();
  const waits = run.wait === null ? [] : [{ reason: "start_limit", until: startsAt }];
  return { ...judged, outcome: "enrolled", reason: null, startsAt, waits, ...plan };
}

async function ruleOf(ctx: TenantContext, { ruleId, definition }: DryRunInput): Promise<DryRule> {
  const { AutomationRule } = await getCrmModels(ctx.clientCode);
  if (ruleId === undefined) {
    if (!definition)
      throw new AppError("validation-failed", "The request has neither ruleId nor definition.");
    checkRule(definition, await readDeclared(ctx));
    return { _id: new Types.ObjectId(), definition, priority: 100 };
  }
  const stored = await AutomationRule.findById(new Types.ObjectId(ruleId)).lean();
  if (!stored) throw new AppError("not-found", "There is no such rule.");
  const draft = readDefinition(stored.draft);
  if (!draft)
    throw new AppError("invalid-state", "This release cannot read the rule's draft. Save it again.");
  return { _id: stored._id, definition: draft, priority: stored.priority };
}

/** As the engine matches; an event that the rule does not wait for is told like any other condition. */
function matchOf(
  rule: Pick<DryRule, "_id" | "definition">,
  event: CrmEvent,
  scope: RuleScope,
  now: Date,
): Match {
  const expected = rule.definition.trigger.event;
  const names = triggersOf(event);
  if (event.type !== "manual" && !names.includes(expected)) {
    const line = { field: "trigger.event", op: "equals", expected, actual: names[0] ?? null, passed: false };
    return { outcome: "not_matched", trace: [line] };
  }
  return matchRule({ id: rule._id.toHexString(), definition: rule.definition }, event, scope, now);
}

/** What the unique keys would say, read instead of written. */
async function enrollmentFor(
  ctx: TenantContext,
  rule: DryRule,
  event: CrmEvent,
  scope: RuleScope,
  leadId: Types.ObjectId,
): Promise<Enrollment | Pick<Match, "outcome" | "reason">> {
  const enrollment = await lookAtEnrollment(ctx, rule, event, scope, leadId.toHexString());
  if ("outcome" in enrollment) return enrollment;
  const { AutomationRun } = await getCrmModels(ctx.clientCode);
  const { enrollmentKey, concurrencyKey } = enrollment;
  const of = { ruleId: rule._id, leadId };
  const taken =
    (await AutomationRun.exists({ ...of, enrollmentKey })) ??
    (concurrencyKey === null ? null : await AutomationRun.exists({ ...of, concurrencyKey }));
  if (!taken) return enrollment;
  return alreadyIn;
}
