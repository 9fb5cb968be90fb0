/** What was decided about an event and a rule: unique by both, so that telling the rule again changes nothing. */
import { Types } from "mongoose";
import type { CrmEvent } from "../../../contracts/crm.event.contract";
import type { TenantContext } from "../../../lib/context/tenant.context";
import { isDuplicateKey } from "../../../lib/db/duplicate.key";
import { getCrmModels } from "../../../lib/tenant/get.crm.model";
import type { AutomationDecisionRecord } from "../../../model/saas/automation.run.schema";
import type { Match } from "./match.rules";

const decisionDays = 30;
const dayMs = 24 * 60 * 60_000;

/** A decision to be stored; `runId` when it enrolled the lead. */
export function decisionOf(
  ctx: Pick<TenantContext, "now">,
  rule: { readonly _id: Types.ObjectId },
  event: CrmEvent,
  match: Match,
  runId: Types.ObjectId | null = null,
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

/** Writes down why events did not start rules. What was decided before, by an earlier dispatch, stands. */
export async function writeDecisions(
  ctx: TenantContext,
  decisions: readonly AutomationDecisionRecord[],
): Promise<void> {
  if (decisions.length === 0) return;
  const { AutomationDecision } = await getCrmModels(ctx.clientCode);
  try {
    await AutomationDecision.collection.insertMany([...decisions], { ordered: false });
  } catch (error) {
    if (!isDuplicateKey(error)) throw error;
    const [only, ...others] = decisions;
    if (others.length === 0 && isDuplicateKey(error, "decision")) return;
    if (only && others.length === 0) throw error;
    for (const each of decisions) await writeDecisions(ctx, [each]);
  }
}
