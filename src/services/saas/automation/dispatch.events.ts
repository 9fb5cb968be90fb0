import { Types, trusted } from "mongoose";
import type { CrmEvent } from "../../../contracts/crm.event.contract";
import type { EventDispatcher, TenantContext } from "../../../lib/context/tenant.context";
import { getCrmModels } from "../../../lib/tenant/get.crm.model";
import type { AutomationRunRecord } from "../../../model/saas/automation.run.schema";
import { advanceRun } from "./advance.run";
import { enqueueAdvance } from "./alarm";
import { decide, writeDecision } from "./enroll.run";
import { hearEvents } from "./hear.events";
import { inTurnOf } from "./lead.turn";
import { matchRule } from "./match.rules";
import { findEnabledRule, findRulesByTrigger, type PublishedRule } from "./published.rules";
import type { RuleDefinition } from "./rule.contract";
import { RunLostError } from "./run.lock";
import { readScope } from "./scope";
import { armNoReply } from "./timers/no.reply";
import { ownEvents, triggersOf } from "./triggers";

/** Leads of one batch that are served side by side; the events of one lead go one after the other. */
const side = 8;
/** Beyond this many leads, runs begin in the queue: whoever made the change does not wait for all of them. */
const mostAtOnce = 20;

/**
 * Events to rules to runs. An event may come here more than once (in-process after its commit, again by the sweep
 * after a crash): each decision is unique by rule and event, so the second time changes nothing. One rule that fails
 * does not keep the others from running, but its events stay undispatched.
 * @throws AggregateError when some rule could not be asked.
 */
export const dispatchEvents: EventDispatcher = async (ctx, events) => {
  const rules = await findRulesByTrigger(ctx, [...new Set(events.flatMap(triggersOf)), "no_reply"]);
  for (const run of await hearEvents(ctx, events)) await goOn(ctx, run);
  const failures: unknown[] = [];
  const byLead = new Map<string, CrmEvent[]>();
  for (const event of events) {
    const { leadId } = event.subject;
    if (leadId !== undefined) byLead.set(leadId, [...(byLead.get(leadId) ?? []), event]);
  }
  const inQueue = byLead.size > mostAtOnce;
  const leads = [...byLead.values()];
  await Promise.all(
    Array.from({ length: Math.min(side, leads.length) }, async () => {
      for (let theirs = leads.shift(); theirs; theirs = leads.shift())
        for (const event of theirs) failures.push(...(await tellRules(ctx, rules, event, inQueue)));
    }),
  );
  if (failures.length > 0) throw new AggregateError(failures, "Some events did not reach all their rules.");
  const { Outbox } = await getCrmModels(ctx.clientCode);
  await Outbox.updateMany(
    { eventId: trusted({ $in: events.map((event) => event.id) }), dispatchedAt: null },
    { $set: { dispatchedAt: ctx.now() } },
  );
};

/** @returns what went wrong, rule by rule. */
async function tellRules(
  ctx: TenantContext,
  rules: readonly PublishedRule[],
  event: CrmEvent,
  inQueue: boolean,
): Promise<unknown[]> {
  const failures: unknown[] = [];
  await armNoReply(ctx, rules, event);
  for (const rule of await rulesFor(ctx, rules, event)) {
    try {
      await tellRule(ctx, rule, event, inQueue);
    } catch (error) {
      failures.push(error);
      const ids = { ruleId: rule._id.toHexString(), eventId: event.id };
      ctx.logger.error("An event could not be put to a rule; the sweep tries again.", ids, error);
    }
  }
  return failures;
}

async function rulesFor(
  ctx: TenantContext,
  rules: readonly PublishedRule[],
  event: CrmEvent,
): Promise<readonly PublishedRule[]> {
  if (!ownEvents.has(event.type)) {
    const names = triggersOf(event);
    return rules.filter(({ trigger }) => names.includes(trigger));
  }
  const { ruleId } = event.data;
  if (typeof ruleId !== "string") return [];
  const rule = await findEnabledRule(ctx, new Types.ObjectId(ruleId));
  return rule ? [rule] : [];
}

async function tellRule(
  ctx: TenantContext,
  rule: PublishedRule,
  event: CrmEvent,
  inQueue: boolean,
): Promise<void> {
  if (!isReadable(rule)) {
    const reason = "This version of the rule cannot be read by this release. Publish it again.";
    await writeDecision(ctx, rule, event, { outcome: "failed", trace: [], reason });
    return;
  }
  const scope = await readScope(ctx, event);
  const match = matchRule(
    { id: rule._id.toHexString(), definition: rule.definition },
    event,
    scope,
    ctx.now(),
  );
  const run = await decide(ctx, rule, event, scope, match);
  if (!run) return;
  if (run.status === "queued" || inQueue) await enqueueAdvance(ctx, run, run.dueAt ?? undefined);
  else await goOn(ctx, run);
}

const isReadable = (rule: PublishedRule): rule is PublishedRule & { definition: RuleDefinition } =>
  rule.definition !== undefined;

/** Takes a run further at once, or behind the step of its lead that caused it. */
async function goOn(ctx: TenantContext, run: AutomationRunRecord): Promise<void> {
  await inTurnOf(run.leadId.toHexString(), async () => {
    try {
      const advance = await advanceRun(ctx, run._id.toHexString(), {
        from: "dispatch",
        lastTry: () => false,
      });
      // Another run of the lead is on its way in some other process.
      if (advance.kind === "held") await enqueueAdvance(ctx, run);
    } catch (error) {
      if (error instanceof RunLostError) return;
      // The run stands where it stood; the queue goes on with it and counts the tries.
      const ids = { runId: run._id.toHexString() };
      ctx.logger.warn("A run could not go on at once; the queue takes it up.", ids, error);
      await enqueueAdvance(ctx, run);
    }
  });
}
