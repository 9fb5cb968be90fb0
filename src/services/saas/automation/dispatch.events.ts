import { Types, trusted } from "mongoose";
import type { CrmEvent } from "../../../contracts/crm.event.contract";
import type { EventDispatcher, TenantContext } from "../../../lib/context/tenant.context";
import { Gathering } from "../../../lib/tenant/gather";
import { getCrmModels } from "../../../lib/tenant/get.crm.model";
import type {
  AutomationDecisionRecord,
  AutomationRunRecord,
} from "../../../model/saas/automation.run.schema";
import { enqueueAdvance } from "./alarm";
import { enqueueBeginnings, goOn } from "./begin.runs";
import { noteReplies } from "./broadcast/broadcast.replies";
import { decisionOf, writeDecisions } from "./decision";
import { decideMany, type Told } from "./enroll.many";
import { decide } from "./enroll.run";
import { hearEvents } from "./hear.events";
import { type Match, matchRule } from "./match.rules";
import { enabledRule, type PublishedRule, rulesByTrigger } from "./published.rules";
import type { RuleDefinition } from "./rule.contract";
import { type RuleScope, readScope, readScopes } from "./scope";
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
  const [rules] = await Promise.all([
    rulesByTrigger(ctx, [...events.flatMap(triggersOf), "no_reply"]),
    noteReplies(ctx, events),
  ]);
  for (const run of await hearEvents(ctx, events)) await goOn(ctx, run);
  const byLead = new Map<string, CrmEvent[]>();
  for (const event of events) {
    const { leadId } = event.subject;
    if (leadId !== undefined) byLead.set(leadId, [...(byLead.get(leadId) ?? []), event]);
  }
  const leads = [...byLead.values()];
  const failures =
    leads.length > mostAtOnce ? await tellOfCrowd(ctx, rules, leads) : await tellOfLeads(ctx, rules, leads);
  if (failures.length > 0) throw new AggregateError(failures, "Some events did not reach all their rules.");
  await markDispatched(ctx, events);
};

const dispatched = new Gathering<readonly string[], void>();

async function markDispatched(ctx: TenantContext, events: readonly CrmEvent[]): Promise<void> {
  const ids = events.map((event) => event.id);
  await dispatched.ask(ctx.clientCode, ids, async (batches) => {
    const { Outbox } = await getCrmModels(ctx.clientCode);
    await Outbox.updateMany(
      { eventId: trusted({ $in: batches.flat() }), dispatchedAt: null },
      { $set: { dispatchedAt: ctx.now() } },
    );
  });
}

/** Some leads, each with its events: runs go on at once. @returns what went wrong. */
async function tellOfLeads(
  ctx: TenantContext,
  rules: readonly PublishedRule[],
  leads: CrmEvent[][],
): Promise<unknown[]> {
  const failures: unknown[] = [];
  await Promise.all(
    Array.from({ length: Math.min(side, leads.length) }, async () => {
      for (let theirs = leads.shift(); theirs; theirs = leads.shift())
        for (const event of theirs) failures.push(...(await tellRules(ctx, rules, event)));
    }),
  );
  return failures;
}

/** Puts an event to its rules, one after the other: what one of them does, the next one sees. */
async function tellRules(
  ctx: TenantContext,
  rules: readonly PublishedRule[],
  event: CrmEvent,
): Promise<unknown[]> {
  const failures: unknown[] = [];
  const refused: AutomationDecisionRecord[] = [];
  let scope: RuleScope | undefined;
  await armNoReply(ctx, rules, event);
  for (const rule of await rulesFor(ctx, rules, event)) {
    try {
      if (!isReadable(rule)) {
        refused.push(decisionOf(ctx, rule, event, unreadable));
        continue;
      }
      scope ??= await readScope(ctx, event);
      const { definition } = rule;
      const match = matchRule({ id: rule._id.toHexString(), definition }, event, scope, ctx.now());
      if (match.outcome !== "enrolled") {
        refused.push(decisionOf(ctx, rule, event, match));
        continue;
      }
      const run = await decide(ctx, rule, event, scope, match);
      if (run?.status === "queued") await enqueueAdvance(ctx, run, run.dueAt ?? undefined);
      else if (run) {
        // What it does may be what the next rule asks for.
        scope = undefined;
        await goOn(ctx, run);
      }
    } catch (error) {
      failures.push(failureOf(ctx, rule, [event], error));
    }
  }
  await writeDecisions(ctx, refused);
  return failures;
}

/** Many leads: their events are put to each rule together, and the queue begins the runs. @returns what went wrong. */
async function tellOfCrowd(
  ctx: TenantContext,
  rules: readonly PublishedRule[],
  leads: readonly (readonly CrmEvent[])[],
): Promise<unknown[]> {
  const failures: unknown[] = [];
  // The first event of each lead, then the second of each: one lead's go one after the other.
  for (let nth = 0; leads.some((theirs) => nth < theirs.length); nth += 1) {
    const events = leads.flatMap((theirs) => theirs[nth] ?? []);
    const asked = new Map<string, { readonly rule: PublishedRule; readonly theirs: CrmEvent[] }>();
    for (const event of events) {
      await armNoReply(ctx, rules, event);
      for (const rule of await rulesFor(ctx, rules, event)) {
        const id = rule._id.toHexString();
        const known = asked.get(id) ?? { rule, theirs: [] };
        known.theirs.push(event);
        asked.set(id, known);
      }
    }
    const concerned = [...new Set([...asked.values()].flatMap(({ theirs }) => theirs))];
    const scopes = concerned.length === 0 ? [] : await readScopes(ctx, concerned);
    const scopeOf = new Map(concerned.map((event, index) => [event, scopes[index]]));
    for (const { rule, theirs } of asked.values()) {
      try {
        const told = theirs.flatMap((event): Told[] => {
          const scope = scopeOf.get(event);
          return scope ? [{ event, scope }] : [];
        });
        await enqueueBeginnings(ctx, await decideCrowd(ctx, rule, told));
      } catch (error) {
        failures.push(failureOf(ctx, rule, theirs, error));
      }
    }
  }
  return failures;
}

async function decideCrowd(
  ctx: TenantContext,
  rule: PublishedRule,
  told: readonly Told[],
): Promise<AutomationRunRecord[]> {
  if (isReadable(rule)) return decideMany(ctx, rule, told);
  await writeDecisions(
    ctx,
    told.map(({ event }) => decisionOf(ctx, rule, event, unreadable)),
  );
  return [];
}

function failureOf(
  ctx: TenantContext,
  rule: PublishedRule,
  events: readonly CrmEvent[],
  error: unknown,
): unknown {
  const ids = { ruleId: rule._id.toHexString(), eventId: events[0]?.id, events: events.length };
  ctx.logger.error("Events could not be put to a rule; the sweep tries again.", ids, error);
  return error;
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
  const rule = await enabledRule(ctx, new Types.ObjectId(ruleId));
  return rule ? [rule] : [];
}

const unreadable: Match = {
  outcome: "failed",
  trace: [],
  reason: "This version of the rule cannot be read by this release. Publish it again.",
};

const isReadable = (rule: PublishedRule): rule is PublishedRule & { definition: RuleDefinition } =>
  rule.definition !== undefined;
