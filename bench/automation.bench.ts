/**
 * Rules beside the same changes when nobody listens, in one run on one server; what rules of other triggers cost; how
 * fast a crowd goes through a rule; how soon a rule acts.
 */

import { Types } from "mongoose";
import type { ClientCode } from "../src/contracts/common.contract";
import { drainUntilIdle } from "../src/jobs/drain.until.idle";
import { createTenantContext } from "../src/lib/context/create.context";
import type { EventDispatcher, TenantContext } from "../src/lib/context/tenant.context";
import { getCrmModels } from "../src/lib/tenant/get.crm.model";
import { tenantConnection } from "../src/lib/tenant/tenant.registry";
import { createRule } from "../src/services/saas/automation/automation.service";
import { dispatchEvents } from "../src/services/saas/automation/dispatch.events";
import { ruleDefinitionSchema } from "../src/services/saas/automation/rule.contract";
import { startRuns } from "../src/services/saas/automation/start.runs";
import { addTags, createLead } from "../src/services/saas/crm/lead.service";
import { updateSettings } from "../src/services/saas/crm/settings.service";
import type { AreaOptions } from "./area";
import { makeTenant } from "./bench.tenant";
import { aimsAt, atLeast, type Figure, type Report } from "./figure";
import { atOnce, quantile, timed } from "./measure";

const side = 8;
/** Rules that hear of a change, however many there are. */
const listening = 5;
const rulesInTenant = [10, 100, 1_000] as const;
const rounds = 3;
let phone = 351_930_000_000;

export async function run({ full }: AreaOptions): Promise<Report> {
  return {
    figures: [
      ...(await matching(full ? 200 : 40)),
      ...(await throughQueue(full ? 5_000 : 300)),
      ...(await latency(120)),
    ],
    notes: [
      `A change is a tag of a lead; ${listening} rules have its trigger and judge a condition, all others have other triggers.`,
      "The figures of different numbers of rules are taken in turn.",
    ],
  };
}

/** Events a second from change to decisions, with more and more rules that they do not concern. */
async function matching(changes: number): Promise<Figure[]> {
  const tenants: {
    rules: number;
    ctx: TenantContext;
    bare: TenantContext;
    rates: number[];
    bareRates: number[];
  }[] = [];
  for (const rules of rulesInTenant) {
    const { clientCode } = await makeTenant(`rules${rules}`);
    const [ctx, bare] = [contextOf(clientCode, dispatchEvents), contextOf(clientCode, async () => undefined)];
    for (let index = 0; index < listening; index += 1) await makeRule(ctx, notMeant);
    await makeCopies(ctx, await makeRule(ctx, ofAnotherTrigger), rules - listening - 1);
    tenants.push({ rules, ctx, bare, rates: [], bareRates: [] });
  }
  for (let round = 0; round <= rounds; round += 1) {
    for (const each of tenants) {
      const [rate, bareRate] = [await changeRate(each.ctx, changes), await changeRate(each.bare, changes)];
      if (round === 0) continue;
      each.rates.push(rate);
      each.bareRates.push(bareRate);
    }
  }
  const best = tenants.map(({ rates }) => Math.max(...rates));
  const figures: Figure[] = tenants.map(({ rules, bareRates }, index) => ({
    what: `events from change to ${listening} decisions, ${rules} rules in the tenant, beside the change alone`,
    figure: { value: Math.round(best[index] ?? 0), unit: "/s" },
    limit: { value: Math.round(Math.max(...bareRates)), unit: "/s" },
    ratio: (best[index] ?? 0) / Math.max(...bareRates),
  }));
  const [few = 1, , many = 0] = best;
  return [
    ...figures,
    {
      what: "the same with 1,000 rules, beside 10: rules of other triggers cost nothing",
      figure: { value: Math.round(many), unit: "/s" },
      limit: { value: Math.round(few), unit: "/s" },
      ratio: many / few,
      target: atLeast(0.7, 0.95),
    },
  ];
}

async function changeRate(ctx: TenantContext, changes: number): Promise<number> {
  const leads = await makeLeads(
    contextOf(ctx.clientCode, async () => undefined),
    side,
  );
  const { ms } = await atOnce(side, changes, async (index) => {
    await addTags(ctx, { id: leads[index % side] ?? "", tags: [`t${index}`] });
  });
  return (changes / ms) * 1_000;
}

/**
 * Rules started for many leads by hand: one whose runs wait at once, which is the enrolment alone, and one with three
 * steps. Beside both: transactions of two inserts, which is the least that an enrolment or a step with an effect is
 * when each goes by itself.
 */
async function throughQueue(count: number): Promise<Figure[]> {
  const { clientCode } = await makeTenant("crowd");
  const ctx = contextOf(clientCode, dispatchEvents);
  await updateSettings(ctx, { automation: { startsPerMinute: 100_000, frequencyCap: null } }, undefined);
  const leadIds = await makeLeads(
    contextOf(clientCode, async () => undefined),
    count,
  );
  const waiting = await makeRule(ctx, waitsAtOnce);
  const stepping = await makeRule(ctx, threeSteps);
  await startRuns(ctx, { ruleId: waiting, leadIds });
  const enrolled = await timed(workOff);
  await startRuns(ctx, { ruleId: stepping, leadIds });
  const stepped = await timed(workOff);
  const { AutomationRun, AutomationStepLog } = await getCrmModels(clientCode);
  const waits = await AutomationRun.countDocuments({ status: "waiting" });
  const ended = await AutomationRun.countDocuments({ status: "completed" });
  const steps = await AutomationStepLog.countDocuments({ status: "succeeded" });
  if (waits !== count || ended !== count || steps !== 3 * count)
    throw new Error(`${waits} of ${count} runs wait, ${ended} ended, after ${steps} steps.`);
  const limit = { value: Math.round(await bareTransactions(clientCode, count)), unit: "/s" };
  const beside = (what: string, rate: number): Figure => ({
    what,
    figure: { value: Math.round(rate), unit: "/s" },
    limit,
    ratio: rate / limit.value,
  });
  return [
    beside(
      `enrolments through the queue up to a delay, ${side} at once, beside transactions of two inserts`,
      (count / enrolled) * 1_000,
    ),
    beside(
      "runs of three steps from their enrolment to their end, beside the same",
      (count / stepped) * 1_000,
    ),
    beside("their steps, beside the same", (steps / stepped) * 1_000),
  ];
}

/** Two inserts in a transaction by the bare driver, with majority, as many at once. @returns how many a second */
async function bareTransactions(clientCode: ClientCode, count: number): Promise<number> {
  const connection = await tenantConnection(clientCode);
  const client = connection.getClient();
  const { AutomationDecision, AutomationRun } = await getCrmModels(clientCode);
  const run = await AutomationRun.findOne().orFail().lean();
  const decision = await AutomationDecision.findOne().orFail().lean();
  const { ms } = await atOnce(side, count, async (index) => {
    const _id = new Types.ObjectId();
    await client.withSession((session) =>
      session.withTransaction(
        async () => {
          await AutomationDecision.collection.insertOne(
            { ...decision, _id, eventId: `bare${index}` },
            { session },
          );
          await AutomationRun.collection.insertOne(
            { ...run, _id, enrollmentKey: `bare${index}`, concurrencyKey: null, held: false },
            { session },
          );
        },
        { readConcern: { level: "snapshot" }, writeConcern: { w: "majority" } },
      ),
    );
  });
  return (count / ms) * 1_000;
}

/** From the commit of a change to the commit of what a rule does about it at once, in the same process. */
async function latency(count: number): Promise<Figure[]> {
  const { clientCode } = await makeTenant("soon");
  const taken: number[] = [];
  let committedAt = 0;
  const ctx = contextOf(clientCode, async (of, events) => {
    // The dispatch of what the rule did comes inside the dispatch of what it heard of.
    if (events.some(({ actor }) => actor.type === "automation")) taken.push(performance.now() - committedAt);
    else committedAt = performance.now();
    await dispatchEvents(of, events);
  });
  await makeRule(ctx, atOnceRule);
  for (const id of await makeLeads(
    contextOf(clientCode, async () => undefined),
    count,
  ))
    await addTags(ctx, { id, tags: ["go"] });
  if (taken.length !== count) throw new Error(`${taken.length} of ${count} changes had their effect.`);
  const warm = taken.slice(20);
  return [
    {
      what: "an immediate action, from the commit of its cause to its own, p50",
      figure: { value: quantile(warm, 0.5), unit: "ms" },
      target: aimsAt(30, 15),
    },
    {
      what: "an immediate action, from the commit of its cause to its own, p99",
      figure: { value: quantile(warm, 0.99), unit: "ms" },
      target: aimsAt(100, 50),
    },
  ];
}

const exit = { id: "end", type: "exit" };
const notMeant = {
  trigger: { event: "tag_added" },
  conditions: { field: "lead.company", op: "equals", value: "nobody's" },
  steps: [exit],
};
const ofAnotherTrigger = { trigger: { event: "lead_deleted" }, steps: [exit] };
const atOnceRule = {
  trigger: { event: "tag_added", tag: "go" },
  steps: [{ id: "tag", type: "add_tag", tag: "gone" }],
};
const waitsAtOnce = {
  trigger: { event: "manual" },
  steps: [{ id: "wait", type: "delay", duration: "P1D" }],
};
const threeSteps = {
  trigger: { event: "manual" },
  steps: [
    { id: "greeting", type: "set_var", name: "greeting", value: "Hello {{lead.firstName}}" },
    { id: "tag", type: "add_tag", tag: "welcome" },
    exit,
  ],
};

function contextOf(clientCode: ClientCode, dispatch: EventDispatcher): TenantContext {
  return createTenantContext({
    clientCode,
    actor: { type: "system", id: "bench" },
    requestId: "req_bench",
    dispatch,
  });
}

async function makeRule(ctx: TenantContext, definition: object): Promise<string> {
  const parsed = ruleDefinitionSchema.parse(definition);
  return (await createRule(ctx, { name: "rule", definition: parsed, enabled: true })).id;
}

/** Rules that differ in nothing but their ids. */
async function makeCopies(ctx: TenantContext, id: string, count: number): Promise<void> {
  const { AutomationRule, AutomationVersion } = await getCrmModels(ctx.clientCode);
  const rule = await AutomationRule.findById(id).orFail().lean();
  const version = await AutomationVersion.findOne({ ruleId: rule._id }).orFail().lean();
  const ids = Array.from({ length: count }, () => new Types.ObjectId());
  await AutomationRule.collection.insertMany(ids.map((_id) => ({ ...rule, _id })));
  await AutomationVersion.collection.insertMany(
    ids.map((ruleId) => ({ ...version, _id: new Types.ObjectId(), ruleId })),
  );
}

async function makeLeads(ctx: TenantContext, count: number): Promise<string[]> {
  const ids: string[] = [];
  await atOnce(side, count, async () => {
    phone += 1;
    ids.push((await createLead(ctx, { firstName: "Ana", phone: `+${phone}` })).id);
  });
  return ids;
}

async function workOff(): Promise<void> {
  const { done } = await drainUntilIdle({ dispatch: dispatchEvents, concurrency: side, limitMs: 300_000 });
  if (!done) throw new Error("The queue was not empty after five minutes.");
}
