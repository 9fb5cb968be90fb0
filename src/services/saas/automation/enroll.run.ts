import { Types } from "mongoose";
import type { CrmEvent } from "../../../contracts/crm.event.contract";
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
import { readSettings } from "../crm/settings.read";
import { type Enrollment, enrollmentOf, scopeKeyOf } from "./enrollment.key";
import { listensOf } from "./listens";
import type { Match } from "./match.rules";
import type { PublishedRule } from "./published.rules";
import type { RuleDefinition } from "./rule.contract";
import type { RuleScope } from "./scope";
import { takeStart } from "./start.limit";

const decisionDays = 30;
const dayMs = 24 * 60 * 60_000;

/** Starts of one rule for one lead within an hour, after which the rule rests for that lead. */
const maxStartsPerHour = 5;
/** Events that come together for one lead see each other's runs after so many looks. */
const maxLooks = 5;

/**
 * Writes down what a rule decided about an event, once and for all: the decision's unique key is (rule, event), so a
 * repeated dispatch changes nothing. An enrolment writes its run in the same transaction.
 * @returns the run when this call enrolled the lead; it may have to wait for its turn among the tenant's starts.
 */
export async function decide(
  ctx: TenantContext,
  rule: PublishedRule & { definition: RuleDefinition },
  event: CrmEvent,
  scope: RuleScope,
  match: Match,
): Promise<AutomationRunRecord | undefined> {
  const leadId = event.subject.leadId;
  if (match.outcome !== "enrolled" || !leadId) {
    await writeDecision(ctx, rule, event, match);
    return undefined;
  }
  let startAt: Date | undefined;
  for (let look = 0; look < maxLooks; look += 1) {
    const enrollment = await lookAtEnrollment(ctx, rule, event, scope, leadId);
    if ("outcome" in enrollment) {
      await writeDecision(ctx, rule, event, { ...enrollment, trace: match.trace });
      return undefined;
    }
    startAt ??= await startTime(ctx);
    const run = newRun(ctx, rule, event, leadId, enrollment, startAt);
    try {
      await writeEnrollment(ctx, rule, event, match, run);
      failpoint("after-run-enrolled");
      return run;
    } catch (error) {
      if (isDuplicateKey(error, "decision")) return undefined;
      // Where the key is the place behind another run, that run is there to be seen now.
      if (isDuplicateKey(error, "enrollment") && enrollment.enrollmentKey.includes("behind:")) continue;
      if (!isDuplicateKey(error, "enrollment") && !isDuplicateKey(error, "concurrency")) throw error;
      break;
    }
  }
  const reason = "The lead is in this rule already, or went through it.";
  await writeDecision(ctx, rule, event, { outcome: "already_enrolled", trace: match.trace, reason });
  return undefined;
}

/**
 * Whether the lead may enter now, as far as reading tells: the keys are unique in the database, so that of two that
 * may, one does. Writes nothing.
 */
export async function lookAtEnrollment(
  ctx: TenantContext,
  rule: Pick<PublishedRule, "_id"> & { definition: RuleDefinition },
  event: CrmEvent,
  scope: RuleScope,
  leadId: string,
): Promise<Enrollment | { outcome: AutomationDecisionRecord["outcome"]; reason: string }> {
  const { AutomationRun } = await getCrmModels(ctx.clientCode);
  const now = ctx.now();
  const starts = await AutomationRun.find({ ruleId: rule._id, leadId: new Types.ObjectId(leadId) })
    .sort({ startedAt: -1, _id: -1 })
    .limit(maxStartsPerHour)
    .select({ startedAt: 1, watched: 1, scopeKey: 1 })
    .lean();
  const oldest = starts.at(maxStartsPerHour - 1);
  if (oldest && oldest.startedAt.getTime() > now.getTime() - 60 * 60_000)
    return {
      outcome: "loop_rate",
      reason: `It started ${maxStartsPerHour} times for this lead within an hour.`,
    };
  let scopeKey: string;
  try {
    scopeKey = await scopeKeyOf(rule.definition, scope);
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    return { outcome: "failed", reason: `enrollment.key: ${error.detail}` };
  }
  const looksBack =
    rule.definition.enrollment.cooldown !== undefined || rule.definition.enrollment.watch !== undefined;
  const recent = starts.find((run) => run.scopeKey === scopeKey);
  // With a key of its own the run before may lie behind five others.
  const before =
    recent ??
    (looksBack && scopeKey !== "" && starts.length === maxStartsPerHour
      ? await AutomationRun.findOne({ ruleId: rule._id, leadId: new Types.ObjectId(leadId), scopeKey })
          .sort({ startedAt: -1, _id: -1 })
          .lean()
      : null);
  const enrollment = enrollmentOf(rule.definition, event, scope, scopeKey, before ?? undefined, now);
  return "refused" in enrollment ? { outcome: enrollment.refused, reason: enrollment.reason } : enrollment;
}

async function startTime(ctx: TenantContext): Promise<Date> {
  const { automation } = await readSettings(await getCrmModels(ctx.clientCode));
  return takeStart(ctx, automation.startsPerMinute);
}

/** A run before its first step; not stored yet. */
export function newRun(
  ctx: Pick<TenantContext, "now">,
  rule: PublishedRule & { definition: RuleDefinition },
  event: CrmEvent,
  leadId: string,
  enrollment: Enrollment,
  startAt: Date,
): AutomationRunRecord {
  const now = ctx.now();
  const [first] = rule.definition.steps;
  const { id, seq, type, name, data, subject, occurredAt } = event;
  const queued = startAt.getTime() > now.getTime();
  return {
    _id: new Types.ObjectId(),
    ruleId: rule._id,
    ruleVersion: rule.version,
    leadId: new Types.ObjectId(leadId),
    conversationId: subject.conversationId ? new Types.ObjectId(subject.conversationId) : null,
    ...enrollment,
    priority: rule.priority,
    triggerEvent: {
      id,
      seq,
      type,
      ...(name === undefined ? {} : { name }),
      occurredAt: new Date(occurredAt),
      data,
      subject,
    },
    causation: {
      rootEventId: event.causation.rootEventId,
      depth: event.causation.depth + 1,
      ruleIds: [...event.causation.ruleIds, rule._id.toHexString()],
    },
    status: queued ? "queued" : "active",
    exitReason: null,
    cursor: { stepId: first?.id ?? null, iteration: 0 },
    vars: {},
    values: {},
    wait: queued ? { kind: "start", until: startAt, events: [], reason: "start_limit" } : null,
    listens: listensOf(rule.definition),
    heard: [],
    dueAt: startAt,
    lock: null,
    held: false,
    attempts: 0,
    error: null,
    startedAt: now,
    endedAt: null,
    version: 1,
    createdAt: now,
    updatedAt: now,
  };
}

function decisionOf(
  ctx: TenantContext,
  rule: Pick<PublishedRule, "_id">,
  event: CrmEvent,
  match: Match,
  runId: Types.ObjectId | null,
): AutomationDecisionRecord {
  return {
    _id: new Types.ObjectId(),
    ruleId: rule._id,
    eventId: event.id,
    leadId: event.subject.leadId ? new Types.ObjectId(event.subject.leadId) : null,
    outcome: match.outcome,
    reason: match.reason ?? null,
    trace: match.trace.map((line) => ({ ...line })),
    runId,
    at: ctx.now(),
    expireAt: new Date(Date.now() + decisionDays * dayMs),
  };
}

/** Writes down why an event did not start a rule. */
export async function writeDecision(
  ctx: TenantContext,
  rule: Pick<PublishedRule, "_id">,
  event: CrmEvent,
  match: Match,
): Promise<void> {
  const { AutomationDecision } = await getCrmModels(ctx.clientCode);
  try {
    await AutomationDecision.create(decisionOf(ctx, rule, event, match, null));
  } catch (error) {
    // Decided before, by an earlier dispatch of the same event.
    if (!isDuplicateKey(error, "decision")) throw error;
  }
}

async function writeEnrollment(
  ctx: TenantContext,
  rule: PublishedRule,
  event: CrmEvent,
  match: Match,
  run: AutomationRunRecord,
): Promise<void> {
  const { AutomationDecision, AutomationRun } = await getCrmModels(ctx.clientCode);
  const connection = await tenantConnection(ctx.clientCode);
  await connection.transaction(
    async (session) => {
      await AutomationDecision.create([decisionOf(ctx, rule, event, match, run._id)], { session });
      await AutomationRun.create([run], { session });
    },
    { writeConcern: { w: "majority" } },
  );
}
