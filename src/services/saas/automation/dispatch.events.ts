import { trusted } from "mongoose";
import type { CrmEvent } from "../../../contracts/crm.event.contract";
import type { EventDispatcher, TenantContext } from "../../../lib/context/tenant.context";
import { getCrmModels } from "../../../lib/tenant/get.crm.model";
import { advanceRun, enqueueAdvance } from "./advance.run";
import { decide } from "./enroll.run";
import { exitRuns } from "./exit.runs";
import { matchRule, triggerOf } from "./match.rules";
import { findRulesByTrigger, type PublishedRule } from "./published.rules";
import { readScope } from "./scope";

/**
 * Events to rules to runs. An event may come here more than once (in-process after its commit, again by the sweep
 * after a crash): each decision is unique by rule and event, so the second time changes nothing. One rule that fails
 * does not keep the others from running, but its events stay undispatched.
 * @throws AggregateError when some rule could not be asked.
 */
export const dispatchEvents: EventDispatcher = async (ctx, events) => {
  const rules = await findRulesByTrigger(ctx, [...new Set(events.map(triggerOf))]);
  const failures: unknown[] = [];
  for (const event of events) {
    await exitRuns(ctx, event);
    for (const rule of rules.get(triggerOf(event)) ?? []) {
      try {
        await dispatchToRule(ctx, rule, event);
      } catch (error) {
        failures.push(error);
        const ids = { ruleId: rule._id.toHexString(), eventId: event.id };
        ctx.logger.error("An event could not be put to a rule; the sweep tries again.", ids, error);
      }
    }
  }
  if (failures.length > 0) throw new AggregateError(failures, "Some events did not reach all their rules.");
  const { Outbox } = await getCrmModels(ctx.clientCode);
  await Outbox.updateMany(
    { eventId: trusted({ $in: events.map((event) => event.id) }), dispatchedAt: null },
    { $set: { dispatchedAt: ctx.now() } },
  );
};

async function dispatchToRule(ctx: TenantContext, rule: PublishedRule, event: CrmEvent): Promise<void> {
  if (!event.subject.leadId) return;
  const scope = await readScope(ctx, event);
  const match = matchRule(
    { id: rule._id.toHexString(), definition: rule.definition },
    event,
    scope,
    ctx.now(),
  );
  const runId = await decide(ctx, rule, event, scope, match);
  if (!runId) return;
  try {
    await advanceRun(ctx, runId, { from: "dispatch", lastTry: false });
  } catch (error) {
    // The run stands where it stood; the queue goes on with it and counts the tries.
    ctx.logger.warn("A run could not go on at once; the queue takes it up.", { runId }, error);
    await enqueueAdvance(ctx, runId, "retry");
  }
}
