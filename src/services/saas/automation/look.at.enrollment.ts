/** May a lead enter a rule? Reading only; the keys that decide it are unique in the database. */
import { Types, trusted } from "mongoose";
import type { CrmEvent } from "../../../contracts/crm.event.contract";
import type { TenantContext } from "../../../lib/context/tenant.context";
import { AppError } from "../../../lib/errors/app.error";
import { getCrmModels } from "../../../lib/tenant/get.crm.model";
import type {
  AutomationDecisionRecord,
  AutomationRunRecord,
} from "../../../model/saas/automation.run.schema";
import { type Enrollment, enrollmentOf, scopeKeyOf } from "./enrollment.key";
import type { PublishedRule } from "./published.rules";
import type { RuleDefinition } from "./rule.contract";
import type { RuleScope } from "./scope";

/** Starts of one rule for one lead within an hour, after which the rule rests for that lead. */
const maxStartsPerHour = 5;
const hourMs = 60 * 60_000;

export type PastStart = Pick<AutomationRunRecord, "_id" | "startedAt" | "watched" | "scopeKey">;
export interface Refusal {
  readonly outcome: AutomationDecisionRecord["outcome"];
  readonly reason: string;
}

/** Whether a rule asks for the run before: cooldown and on_change do. */
export const looksBack = ({ enrollment }: RuleDefinition): boolean =>
  enrollment.cooldown !== undefined || enrollment.watch !== undefined;

/** The starts of a rule within the last hour for each of many leads, newest first, by the lead's id. */
export async function readRecentStarts(
  ctx: TenantContext,
  ruleId: Types.ObjectId,
  leadIds: readonly string[],
): Promise<Map<string, PastStart[]>> {
  const { AutomationRun } = await getCrmModels(ctx.clientCode);
  const found = await AutomationRun.find({
    ruleId,
    leadId: trusted({ $in: leadIds.map((id) => new Types.ObjectId(id)) }),
    startedAt: trusted({ $gt: new Date(ctx.now().getTime() - hourMs) }),
  })
    .sort({ startedAt: -1, _id: -1 })
    .select({ leadId: 1, startedAt: 1, watched: 1, scopeKey: 1 })
    .lean();
  const byLead = new Map<string, PastStart[]>();
  for (const start of found) {
    const leadId = start.leadId.toHexString();
    byLead.set(leadId, [...(byLead.get(leadId) ?? []), start]);
  }
  return byLead;
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
): Promise<Enrollment | Refusal> {
  const { AutomationRun } = await getCrmModels(ctx.clientCode);
  const starts = await AutomationRun.find({ ruleId: rule._id, leadId: new Types.ObjectId(leadId) })
    .sort({ startedAt: -1, _id: -1 })
    .limit(maxStartsPerHour)
    .select({ startedAt: 1, watched: 1, scopeKey: 1 })
    .lean();
  return judgeStarts(ctx, rule, event, scope, leadId, starts);
}

/** As `lookAtEnrollment`, for a lead whose last starts were read already, newest first. */
export async function judgeStarts(
  ctx: TenantContext,
  rule: Pick<PublishedRule, "_id"> & { definition: RuleDefinition },
  event: CrmEvent,
  scope: RuleScope,
  leadId: string,
  starts: readonly PastStart[],
): Promise<Enrollment | Refusal> {
  const now = ctx.now();
  const oldest = starts.at(maxStartsPerHour - 1);
  if (oldest && oldest.startedAt.getTime() > now.getTime() - hourMs)
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
  const recent = starts.find((run) => run.scopeKey === scopeKey);
  // With a key of its own the run before may lie behind five others.
  const { AutomationRun } = await getCrmModels(ctx.clientCode);
  const before =
    recent ??
    (looksBack(rule.definition) && scopeKey !== "" && starts.length === maxStartsPerHour
      ? await AutomationRun.findOne({ ruleId: rule._id, leadId: new Types.ObjectId(leadId), scopeKey })
          .sort({ startedAt: -1, _id: -1 })
          .lean()
      : null);
  const enrollment = enrollmentOf(rule.definition, event, scope, scopeKey, before ?? undefined, now);
  return "refused" in enrollment ? { outcome: enrollment.refused, reason: enrollment.reason } : enrollment;
}
