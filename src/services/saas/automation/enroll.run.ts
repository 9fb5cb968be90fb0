import { Types } from "mongoose";
import type { CrmEvent } from "../../../contracts/crm.event.contract";
import type { TraceLine } from "../../../lib/condition";
import type { TenantContext } from "../../../lib/context/tenant.context";
import { isDuplicateKey } from "../../../lib/db/duplicate.key";
import { AppError } from "../../../lib/errors/app.error";
import { failpoint } from "../../../lib/failpoint/failpoint";
import { getCrmModels } from "../../../lib/tenant/get.crm.model";
import { tenantConnection } from "../../../lib/tenant/tenant.registry";
import type {
  AutomationDecisionRecord,
  AutomationRunRecord,
} from "../../../model/saas/automation.run.schema";
import type { PublishedRule } from "./published.rules";
import { renderText } from "./render";
import type { RuleScope } from "./scope";

const decisionDays = 30;
const dayMs = 24 * 60 * 60_000;

/** Starts of one rule for one lead within an hour, after which the rule rests for that lead. */
const maxStartsPerHour = 5;

type Outcome = AutomationDecisionRecord["outcome"];

/**
 * Writes down what a rule decided about an event, once and for all: the decision's unique key is (rule, event), so a
 * repeated dispatch changes nothing. An enrolment writes its run in the same transaction.
 * @returns the run's id when this call enrolled the lead.
 */
export async function decide(
  ctx: TenantContext,
  rule: PublishedRule,
  event: CrmEvent,
  scope: RuleScope,
  match: { outcome: Outcome; trace: readonly TraceLine[] },
): Promise<string | undefined> {
  const leadId = event.subject.leadId;
  if (match.outcome !== "enrolled" || !leadId) {
    await writeDecision(ctx, rule, event, match.outcome, match.trace, null);
    return undefined;
  }
  if (await restsForLead(ctx, rule, leadId)) {
    await writeDecision(ctx, rule, event, "loop_rate", match.trace, null);
    return undefined;
  }
  const enrollmentKey = await renderKey(rule, event, scope);
  if (enrollmentKey === undefined) {
    const line = {
      field: "enrollment.key",
      op: "exists",
      expected: "a rendered key",
      actual: null,
      passed: false,
    };
    await writeDecision(ctx, rule, event, "failed", [...match.trace, line], null);
    return undefined;
  }
  const run = newRun(ctx, rule, event, leadId, enrollmentKey);
  try {
    await writeDecision(ctx, rule, event, "enrolled", match.trace, run);
  } catch (error) {
    if (isDuplicateKey(error, "decision")) return undefined;
    if (!isDuplicateKey(error, "enrollment") && !isDuplicateKey(error, "concurrency")) throw error;
    await writeDecision(ctx, rule, event, "already_enrolled", match.trace, null);
    return undefined;
  }
  failpoint("after-run-enrolled");
  return run._id.toHexString();
}

async function restsForLead(ctx: TenantContext, rule: PublishedRule, leadId: string): Promise<boolean> {
  const { AutomationRun } = await getCrmModels(ctx.clientCode);
  const starts = await AutomationRun.find({ ruleId: rule._id, leadId: new Types.ObjectId(leadId) })
    .sort({ startedAt: -1 })
    .limit(maxStartsPerHour)
    .select({ startedAt: 1 })
    .lean();
  const oldest = starts.at(maxStartsPerHour - 1);
  return oldest !== undefined && oldest.startedAt.getTime() > ctx.now().getTime() - 60 * 60_000;
}

/** @returns undefined when the rule's own key names something that has no value. */
async function renderKey(
  rule: PublishedRule,
  event: CrmEvent,
  scope: RuleScope,
): Promise<string | undefined> {
  const { key, reentry } = rule.definition.enrollment;
  if (!key) return reentry === "never" ? "once" : event.id;
  try {
    return `key:${await renderText(key, scope)}`;
  } catch (error) {
    if (error instanceof AppError) return undefined;
    throw error;
  }
}

function newRun(
  ctx: TenantContext,
  rule: PublishedRule,
  event: CrmEvent,
  leadId: string,
  enrollmentKey: string,
): AutomationRunRecord {
  const { enrollment, steps } = rule.definition;
  const now = ctx.now();
  const [first] = steps;
  return {
    _id: new Types.ObjectId(),
    ruleId: rule._id,
    ruleVersion: rule.version,
    leadId: new Types.ObjectId(leadId),
    conversationId: event.subject.conversationId ? new Types.ObjectId(event.subject.conversationId) : null,
    enrollmentKey,
    concurrencyKey: enrollment.reentry === "after_exit" ? "living" : null,
    triggerEvent: {
      id: event.id,
      type: event.type,
      occurredAt: new Date(event.occurredAt),
      data: event.data,
      subject: event.subject,
    },
    causation: {
      rootEventId: event.causation.rootEventId,
      depth: event.causation.depth + 1,
      ruleIds: [...event.causation.ruleIds, rule._id.toHexString()],
    },
    status: "active",
    exitReason: null,
    cursor: { stepId: first?.id ?? null, iteration: 0 },
    vars: {},
    wait: null,
    dueAt: now,
    lock: null,
    attempts: 0,
    error: null,
    startedAt: now,
    endedAt: null,
    version: 1,
    createdAt: now,
    updatedAt: now,
  };
}

async function writeDecision(
  ctx: TenantContext,
  rule: PublishedRule,
  event: CrmEvent,
  outcome: Outcome,
  trace: readonly TraceLine[],
  run: AutomationRunRecord | null,
): Promise<void> {
  const { AutomationDecision, AutomationRun } = await getCrmModels(ctx.clientCode);
  const decision: AutomationDecisionRecord = {
    _id: new Types.ObjectId(),
    ruleId: rule._id,
    eventId: event.id,
    leadId: event.subject.leadId ? new Types.ObjectId(event.subject.leadId) : null,
    outcome,
    trace: trace.map((line) => ({ ...line })),
    runId: run?._id ?? null,
    at: ctx.now(),
    expireAt: new Date(Date.now() + decisionDays * dayMs),
  };
  if (!run) {
    try {
      await AutomationDecision.create(decision);
    } catch (error) {
      // Decided before, by an earlier dispatch of the same event.
      if (!isDuplicateKey(error, "decision")) throw error;
    }
    return;
  }
  const connection = await tenantConnection(ctx.clientCode);
  await connection.transaction(
    async (session) => {
      await AutomationDecision.create([decision], { session });
      await AutomationRun.create([run], { session });
    },
    { writeConcern: { w: "majority" } },
  );
}
