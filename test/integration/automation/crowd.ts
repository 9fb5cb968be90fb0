/** Many leads enter one rule at once, some of them twice over, while another tenant goes about its day. */
import { setTimeout as sleep } from "node:timers/promises";
import { Types, trusted } from "mongoose";
import * as z from "zod";
import { automationEnrollmentSchema } from "../../../src/contracts/automation.enrollment.contract";
import { ruleStatisticsSchema } from "../../../src/contracts/automation.insight.contract";
import { drainUntilIdle } from "../../../src/jobs/drain.until.idle";
import { moveClock, now } from "../../../src/lib/clock/clock";
import { createTenantContext } from "../../../src/lib/context/create.context";
import type { TenantContext } from "../../../src/lib/context/tenant.context";
import { commitChange, toCrmEvent } from "../../../src/lib/tenant/commit.change";
import { automationInsightRoutes } from "../../../src/routes/crm/automation.insight.routes";
import { automationRoutes } from "../../../src/routes/crm/automation.routes";
import { createRule } from "../../../src/services/saas/automation/automation.service";
import { dispatchEvents } from "../../../src/services/saas/automation/dispatch.events";
import { ruleDefinitionSchema } from "../../../src/services/saas/automation/rule.contract";
import { startRuns } from "../../../src/services/saas/automation/start.runs";
import { createLead } from "../../../src/services/saas/crm/lead.service";
import { updateSettings } from "../../../src/services/saas/crm/settings.service";
import { ApiClient, keysOf, lambdaTransport } from "../../builders/api.client";
import { createTenant } from "../../builders/client.builder";

type Tenant = Awaited<ReturnType<typeof createTenant>>;
const neighbours = 5;
const minuteMs = 60_000;
/** Leads of one change. */
const perChange = 100;
const runsSchema = z.object({
  data: z.array(
    z.looseObject({
      status: z.string(),
      dueAt: z.string().nullable(),
      wait: z.looseObject({ reason: z.string().nullable() }).nullable(),
    }),
  ),
});

/**
 * @param count leads, of whom `again` are started a second time at the same moment, and as many a third time by events;
 * `perMinute` is the tenant's pace of starts, below `count`.
 */
export async function expectCrowdInOrder(of: {
  count: number;
  again: number;
  perMinute: number;
}): Promise<void> {
  const { count, again, perMinute } = of;
  const [crowd, other] = [await createTenant(), await createTenant()];
  const ctx = contextOf(crowd);
  await updateSettings(ctx, { automation: { startsPerMinute: perMinute, frequencyCap: null } }, undefined);
  const ruleId = await makeRule(ctx, {
    trigger: { event: "tag_added", tag: "fair" },
    enrollment: { reentry: "never" },
    steps: [{ id: "tag", type: "add_tag", tag: "in" }],
  });
  const meet = { id: "meet", type: "create_meeting", title: "Hello", startsAt: "2042-05-01T10:00:00.000Z" };
  await makeRule(contextOf(other), { trigger: { event: "lead_created" }, steps: [meet] });
  const leadIds = await manyLeads(crowd, ctx, count);
  const routes = [...automationRoutes, ...automationInsightRoutes];
  const api = new ApiClient(lambdaTransport(routes, { dispatch: dispatchEvents }), keysOf(crowd));

  // Places are counted by the minute: one that begins now is long enough for all of them.
  await moveClock({ byMs: minuteMs - (now().getTime() % minuteMs) });
  // A search finds all of them; some are chosen by hand too; events tell of others, and are told twice.
  const search = { condition: { field: "lead.company", op: "equals", value: "Fair" } };
  const asked = await api.post(`/api/crm/automations/${ruleId}/enroll`, search);
  expect(asked.status).toBe(202);
  const { id: enrollmentId } = asked.as(automationEnrollmentSchema);
  await startRuns(ctx, { ruleId, leadIds: leadIds.slice(0, again) });
  const list = async (status: string) =>
    (await api.get(`/api/crm/automations/${ruleId}/runs?status=${status}&limit=1`)).as(runsSchema).data;
  let queued = await list("queued");
  const progress: number[] = [];
  const see = async () => {
    if (queued.length === 0) queued = await list("queued");
    const answer = await api.get(`/api/crm/automation-enrollments/${enrollmentId}`);
    const seen = answer.as(automationEnrollmentSchema);
    progress.push(seen.progress);
    return seen;
  };
  let isEnough = false;
  const working = (async () => {
    for (;;) {
      const { done } = await drainUntilIdle({ dispatch: dispatchEvents, limitMs: 1_500_000 });
      if (isEnough || !done) return done;
    }
  })();
  const telling = tellTwice(crowd, ctx, leadIds.slice(-again));

  // The crowd's jobs are queued before those of the neighbour.
  while ((await see()).told < count / 4) await sleep(20);
  await Promise.all(
    Array.from({ length: neighbours }, (_, n) =>
      createLead(contextOf(other), { firstName: "Bea", phone: `+35197000000${n}` }),
    ),
  );
  const until = Date.now() + 120_000;
  while ((await other.models.Meeting.countDocuments()) < neighbours && Date.now() < until) await sleep(20);
  const { AutomationRun, Lead, Outbox } = crowd.models;
  const acted = await AutomationRun.countDocuments({ status: "completed" });
  expect(await other.models.Meeting.countDocuments()).toBe(neighbours);
  // The neighbour's rules acted before those of the crowd whose turn it was were through.
  expect(acted).toBeLessThan(0.9 * perMinute);
  while ((await see()).state !== "done") await sleep(200);
  await telling;
  isEnough = true;
  expect(await working).toBe(true);

  const told = await see();
  expect(told).toMatchObject({ state: "done", total: count, told: count, progress: 1 });
  expect(progress).toEqual([...progress].sort((left, right) => left - right));
  const decided = told.outcomes?.reduce((sum, { leads }) => sum + leads, 0);
  expect(decided).toBe(count);
  expect(told.outcomes?.map(({ outcome }) => outcome)).toContain("enrolled");
  const statistics = async () =>
    (await api.get(`/api/crm/automations/${ruleId}/statistics`)).as(ruleStatisticsSchema);
  // Beyond the tenant's pace they waited, each with its time and its reason.
  expect(queued).toMatchObject([
    { dueAt: expect.any(String), wait: { kind: "start", reason: "start_limit" } },
  ]);
  const halfway = await statistics();
  expect(halfway.enrolled.count).toBe(count);
  expect(halfway.queued.count + halfway.completed.count).toBe(count);

  for (let minutes = Math.ceil(count / perMinute) + 1; minutes > 0; minutes -= 1) {
    await moveClock({ byMs: minuteMs });
    expect((await drainUntilIdle({ dispatch: dispatchEvents, limitMs: 1_500_000 })).done).toBe(true);
  }
  expect((await statistics()).completed.count).toBe(count);
  expect(await AutomationRun.countDocuments({ ruleId })).toBe(count);
  expect(await AutomationRun.distinct("leadId", { ruleId })).toHaveLength(count);
  expect(await Lead.countDocuments({ tags: ["in"] })).toBe(count);
  expect(await Outbox.countDocuments({ type: "tag_added", "data.tag": "in" })).toBe(count);
  expect(await Outbox.countDocuments({ dispatchedAt: null })).toBe(0);
}

/** As an import tells of many leads in one change; whoever dispatched died, and a sweep does it again beside. */
async function tellTwice({ models }: Tenant, ctx: TenantContext, leadIds: readonly string[]): Promise<void> {
  for (let from = 0; from < leadIds.length; from += perChange) {
    const ids: string[] = [];
    await commitChange(ctx, async (change) => {
      ids.length = 0;
      for (const leadId of leadIds.slice(from, from + perChange))
        ids.push(change.record({ type: "tag_added", subject: { leadId }, data: { tag: "fair" } }));
    });
    const rows = await models.Outbox.find({ eventId: trusted({ $in: ids }) }).lean();
    await dispatchEvents(ctx, rows.map(toCrmEvent));
  }
}

/** Copies of one real lead: how they came to be is not the question here. */
async function manyLeads({ models }: Tenant, ctx: TenantContext, count: number): Promise<string[]> {
  const first = await createLead(ctx, { firstName: "Ana", company: "Fair" });
  const lead = await models.Lead.findById(first.id).orFail().lean();
  const rows = Array.from({ length: count - 1 }, (_, index) => ({
    ...lead,
    _id: new Types.ObjectId(),
    rank: `V${String(index).padStart(7, "0")}x`,
  }));
  await models.Lead.collection.insertMany(rows);
  return [first.id, ...rows.map(({ _id }) => _id.toHexString())];
}

async function makeRule(ctx: TenantContext, definition: object): Promise<string> {
  const parsed = ruleDefinitionSchema.parse(definition);
  return (await createRule(ctx, { name: "rule", definition: parsed, enabled: true })).id;
}

function contextOf({ clientCode }: Tenant): TenantContext {
  return createTenantContext({
    clientCode,
    actor: { type: "user", id: "tester" },
    requestId: "req_crowd",
    dispatch: dispatchEvents,
  });
}
