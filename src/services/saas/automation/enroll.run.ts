import { Types } from "mongoose";
import type { CrmEvent } from "../../../contracts/crm.event.contract";
import type { TenantContext } from "../../../lib/context/tenant.context";
import { isDuplicateKey } from "../../../lib/db/duplicate.key";
import { failpoint } from "../../../lib/failpoint/failpoint";
import { getCrmModels } from "../../../lib/tenant/get.crm.model";
import { tenantConnection } from "../../../lib/tenant/tenant.registry";
import type { AutomationRunRecord } from "../../../model/saas/automation.run.schema";
import { decisionOf, writeDecisions } from "./decision";
import type { Enrollment } from "./enrollment.key";
import { listensOf } from "./listens";
import { lookAtEnrollment } from "./look.at.enrollment";
import type { Match } from "./match.rules";
import type { PublishedRule } from "./published.rules";
import type { RuleDefinition } from "./rule.contract";
import type { RuleScope } from "./scope";
import { takeStart } from "./start.limit";

/** What the unique keys said. */
export const alreadyIn = {
  outcome: "already_enrolled",
  reason: "The lead is in this rule already, or went through it.",
} as const;

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
  const refuse = async (why: Match) => {
    await writeDecisions(ctx, [decisionOf(ctx, rule, event, why)]);
    return undefined;
  };
  if (match.outcome !== "enrolled" || !leadId) return refuse(match);
  let startAt: Date | undefined;
  for (let look = 0; look < maxLooks; look += 1) {
    const enrollment = await lookAtEnrollment(ctx, rule, event, scope, leadId);
    if ("outcome" in enrollment) return refuse({ ...enrollment, trace: match.trace });
    startAt ??= await takeStart(ctx, scope.startsPerMinute);
    const run = newRun(ctx, rule, event, leadId, enrollment, startAt);
    try {
      await writeEnrollments(ctx, rule, [{ event, match, run }]);
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
  return refuse({ ...alreadyIn, trace: match.trace });
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

/** What an event came to for a rule: a run. */
export interface Enrolled {
  readonly event: CrmEvent;
  readonly match: Match;
  readonly run: AutomationRunRecord;
}

/** All of them or none. @throws the driver's duplicate key error: decision, enrollment or concurrency */
export async function writeEnrollments(
  ctx: TenantContext,
  rule: Pick<PublishedRule, "_id">,
  enrolled: readonly Enrolled[],
): Promise<void> {
  const { AutomationDecision, AutomationRun } = await getCrmModels(ctx.clientCode);
  const connection = await tenantConnection(ctx.clientCode);
  await connection.transaction(
    async (session) => {
      await AutomationDecision.collection.insertMany(
        enrolled.map(({ event, match, run }) => decisionOf(ctx, rule, event, match, run._id)),
        { session },
      );
      await AutomationRun.collection.insertMany(
        enrolled.map(({ run }) => run),
        { session },
      );
    },
    { writeConcern: { w: "majority" } },
  );
}
