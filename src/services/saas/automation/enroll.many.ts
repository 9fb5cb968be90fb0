/**
 * One rule and the events of many leads, decided together: a crowd costs a few reads and one transaction, not some of
 * each per lead. What is decided is what `decide` decides for each, and the same keys decide it.
 */
import { Types, trusted } from "mongoose";
import type { CrmEvent } from "../../../contracts/crm.event.contract";
import type { TenantContext } from "../../../lib/context/tenant.context";
import { isDuplicateKey } from "../../../lib/db/duplicate.key";
import { failpoint } from "../../../lib/failpoint/failpoint";
import { getCrmModels } from "../../../lib/tenant/get.crm.model";
import type {
  AutomationDecisionRecord,
  AutomationRunRecord,
} from "../../../model/saas/automation.run.schema";
import { decisionOf, writeDecisions } from "./decision";
import { alreadyIn, decide, type Enrolled, newRun, writeEnrollments } from "./enroll.run";
import type { Enrollment } from "./enrollment.key";
import { judgeStarts, looksBack, readRecentStarts } from "./look.at.enrollment";
import { type Match, matchRule } from "./match.rules";
import type { PublishedRule } from "./published.rules";
import type { RuleDefinition } from "./rule.contract";
import type { RuleScope } from "./scope";
import { takeStarts } from "./start.limit";

/** An event with what is known of its lead. */
export interface Told {
  readonly event: CrmEvent;
  readonly scope: RuleScope;
}

/** @param told events of different leads. @returns the runs that this call enrolled, in the order of the events. */
export async function decideMany(
  ctx: TenantContext,
  rule: PublishedRule & { definition: RuleDefinition },
  told: readonly Told[],
): Promise<AutomationRunRecord[]> {
  const refused: AutomationDecisionRecord[] = [];
  const matched: (Told & { readonly match: Match; readonly leadId: string })[] = [];
  const { definition } = rule;
  for (const { event, scope } of told) {
    const match = matchRule({ id: rule._id.toHexString(), definition }, event, scope, ctx.now());
    const { leadId } = event.subject;
    if (match.outcome === "enrolled" && leadId) matched.push({ event, scope, match, leadId });
    else refused.push(decisionOf(ctx, rule, event, match));
  }
  // Who looks back to the run before has to look again when somebody came in between.
  if (looksBack(definition)) {
    await writeDecisions(ctx, refused);
    return oneByOne(ctx, rule, matched);
  }
  const starts =
    matched.length === 0
      ? new Map()
      : await readRecentStarts(
          ctx,
          rule._id,
          matched.map(({ leadId }) => leadId),
        );
  const entering: ((typeof matched)[number] & { readonly enrollment: Enrollment })[] = [];
  for (const one of matched) {
    const { event, scope, match, leadId } = one;
    const enrollment = await judgeStarts(ctx, rule, event, scope, leadId, starts.get(leadId) ?? []);
    if ("outcome" in enrollment)
      refused.push(decisionOf(ctx, rule, event, { ...enrollment, trace: match.trace }));
    else entering.push({ ...one, enrollment });
  }
  const taken = await readTaken(ctx, rule, entering);
  const free = entering.filter(({ leadId, enrollment: { enrollmentKey, concurrencyKey } }) => {
    const theirs = taken.get(leadId);
    return !theirs?.has(enrollmentKey) && !(concurrencyKey !== null && theirs?.has(concurrencyKey));
  });
  for (const { event, match } of entering.filter((one) => !free.includes(one)))
    refused.push(decisionOf(ctx, rule, event, { ...alreadyIn, trace: match.trace }));
  await writeDecisions(ctx, refused);
  const [first] = free;
  if (!first) return [];
  const places = await takeStarts(ctx, first.scope.startsPerMinute, free.length);
  const enrolled = free.map(({ event, match, leadId, enrollment }, index): Enrolled => {
    const run = newRun(ctx, rule, event, leadId, enrollment, places[index] ?? ctx.now());
    return { event, match, run };
  });
  try {
    await writeEnrollments(ctx, rule, enrolled);
    failpoint("after-run-enrolled");
    return enrolled.map(({ run }) => run);
  } catch (error) {
    // One of them was decided or enrolled before: each has to be asked for itself.
    if (!isDuplicateKey(error)) throw error;
    return oneByOne(ctx, rule, free);
  }
}

/** Keys under which runs of these leads stand already. */
async function readTaken(
  ctx: TenantContext,
  { _id: ruleId }: PublishedRule,
  entering: readonly { readonly leadId: string; readonly enrollment: Enrollment }[],
): Promise<Map<string, Set<string>>> {
  const taken = new Map<string, Set<string>>();
  if (entering.length === 0) return taken;
  const { AutomationRun } = await getCrmModels(ctx.clientCode);
  const keys = entering.flatMap(({ enrollment }) => enrollment.concurrencyKey ?? []);
  const found = await AutomationRun.find({
    ruleId,
    leadId: trusted({ $in: entering.map(({ leadId }) => new Types.ObjectId(leadId)) }),
    $or: [
      { enrollmentKey: trusted({ $in: entering.map(({ enrollment }) => enrollment.enrollmentKey) }) },
      ...(keys.length === 0 ? [] : [{ concurrencyKey: trusted({ $in: [...new Set(keys)] }) }]),
    ],
  })
    .select({ leadId: 1, enrollmentKey: 1, concurrencyKey: 1 })
    .lean();
  for (const { leadId, enrollmentKey, concurrencyKey } of found) {
    const id = leadId.toHexString();
    const theirs = taken.get(id) ?? new Set();
    taken.set(id, theirs.add(enrollmentKey).add(concurrencyKey ?? enrollmentKey));
  }
  return taken;
}

async function oneByOne(
  ctx: TenantContext,
  rule: PublishedRule & { definition: RuleDefinition },
  matched: readonly (Told & { readonly match: Match })[],
): Promise<AutomationRunRecord[]> {
  const runs: AutomationRunRecord[] = [];
  for (const { event, scope, match } of matched) {
    const run = await decide(ctx, rule, event, scope, match);
    if (run) runs.push(run);
  }
  return runs;
}
