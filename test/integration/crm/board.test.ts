import { Types } from "mongoose";
import * as z from "zod";
import { boardSchema } from "../../../src/contracts/board.contract";
import { pageSchema } from "../../../src/contracts/common.contract";
import { leadSchema } from "../../../src/contracts/lead.contract";
import { pipelineMetricsSchema } from "../../../src/contracts/pipeline.contract";
import { rankBetween } from "../../../src/lib/rank/rank";
import { leadSearch } from "../../../src/lib/search/lead.search";
import { closeAllConnections, tenantConnection } from "../../../src/lib/tenant/tenant.registry";
import type { StageHistoryRecord } from "../../../src/model/saas/stage.history.schema";
import { type CrmTenant, crmTenant, newLead, stagesOf } from "./crm.tenant";

const total = 5_000;
const dayMs = 24 * 60 * 60_000;
let tenant: CrmTenant;
let stages: Record<string, string>;
let path: string;

beforeAll(async () => {
  tenant = await crmTenant();
  stages = await stagesOf(tenant);
  const pipeline = await tenant.models.Pipeline.findOne({ isDefault: true }).orFail();
  path = `/api/crm/pipelines/${pipeline._id.toHexString()}`;
  const seed = await newLead(tenant, { firstName: "Seed" });
  const pattern = await tenant.models.Lead.findById(seed.id).lean();
  const visit = await tenant.models.StageHistory.findOne({ leadId: new Types.ObjectId(seed.id) }).lean();
  if (!pattern || !visit) throw new Error("The seed lead is gone.");
  await tenant.models.Lead.deleteMany({});
  await tenant.models.StageHistory.deleteMany({});
  const [fresh, contacted, won, lost] = ["new", "contacted", "won", "lost"].map(
    (key) => new Types.ObjectId(stages[key]),
  );
  let rank = pattern.rank;
  const now = tenant.ctx.now().getTime();
  // Every lead was new for n minutes; of five, two went on, one was won, one lost, one stays.
  const ways = [contacted, contacted, won, lost, fresh];
  const leads = Array.from({ length: total }, (_, n) => {
    rank = rankBetween(rank, null);
    const stageId = ways[n % 5] ?? null;
    const lead = {
      ...pattern,
      _id: new Types.ObjectId(),
      firstName: null,
      displayName: `Lead ${n}`,
      ownerId: `owner_${n % 50}`,
      tags: [`tag_${n % 20}`],
      value: n % 2 ? { amount: 10, currency: "EUR" } : { amount: 1, currency: "BRL" },
      wonAt: stageId === won ? new Date(now - dayMs) : null,
      stageId,
      rank,
    };
    return { ...lead, search: leadSearch(lead, new Set()) };
  });
  await tenant.models.Lead.collection.insertMany(leads);
  const stays = leads.flatMap(({ _id, stageId }, n): StageHistoryRecord[] => {
    const enteredAt = new Date(now - 10 * dayMs);
    const durationMs = (n + 1) * 60_000;
    const leftAt = new Date(enteredAt.getTime() + durationMs);
    if (!fresh || !stageId) return [];
    const stay = { ...visit, leadId: _id, enteredAt, fromStageId: null, toStageId: fresh };
    if (stageId === fresh) return [{ ...stay, _id: new Types.ObjectId(), leftAt: null, durationMs: null }];
    return [
      { ...stay, _id: new Types.ObjectId(), leftAt, durationMs },
      {
        ...visit,
        _id: new Types.ObjectId(),
        leadId: _id,
        enteredAt: leftAt,
        fromStageId: fresh,
        toStageId: stageId,
        leftAt: null,
      },
    ];
  });
  await tenant.models.StageHistory.collection.insertMany(stays);
  const connection = await tenantConnection(tenant.ctx.clientCode);
  await connection.db?.setProfilingLevel("all");
});
afterAll(closeAllConnections);

const profileSchema = z.object({
  op: z.string(),
  ns: z.string(),
  planSummary: z.string().default(""),
  keysExamined: z.number().default(0),
  docsExamined: z.number().default(0),
  hasSortStage: z.boolean().default(false),
});

/** What the server did for leads and their history since a time. */
async function plansOf(work: () => Promise<void>) {
  const connection = await tenantConnection(tenant.ctx.clientCode);
  const since = new Date();
  await work();
  const entries = await connection
    .collection("system.profile")
    .find({ ns: /\.(leads|stageHistory)$/, ts: { $gte: since } })
    .toArray();
  return z.array(profileSchema).parse(entries);
}

test("the board counts and sums 5,000 leads from index keys alone and reads only what it shows", async () => {
  let board: z.output<typeof boardSchema> | undefined;
  const plans = await plansOf(async () => {
    board = (await tenant.api.get(`${path}/board?limit=10`)).as(boardSchema);
  });
  expect(
    board?.columns.map(({ stage, count, values, leads }) => [stage.key, count, values, leads.data.length]),
  ).toEqual([
    ["new", 1_000, expect.arrayContaining([{ amount: 5_000, currency: "EUR" }]), 10],
    ["contacted", 2_000, expect.arrayContaining([{ amount: 1_000, currency: "BRL" }]), 10],
    ["qualified", 0, [], 0],
    ["proposal", 0, [], 0],
    ["won", 1_000, expect.anything(), 10],
    ["lost", 1_000, expect.anything(), 10],
  ]);
  const sums = plans.filter(({ op }) => op === "command");
  expect(sums).toEqual([expect.objectContaining({ docsExamined: 0 })]);
  const pages = plans.filter(({ op }) => op === "query");
  expect(pages).toHaveLength(6);
  for (const plan of pages) {
    expect(plan).toMatchObject({ planSummary: expect.stringContaining("IXSCAN"), hasSortStage: false });
    expect(plan.keysExamined).toBeLessThanOrEqual(15);
  }
});

test("a column goes on where the board stopped, in the order of its ranks", async () => {
  const board = (await tenant.api.get(`${path}/board?limit=10&tag=tag_0`)).as(boardSchema);
  const [column] = board.columns;
  expect(column).toMatchObject({ count: 0, countIsCapped: false });
  const contacted = board.columns[1];
  expect(contacted).toMatchObject({ count: 250, values: [{ amount: 250, currency: "BRL" }] });
  const next = await tenant.api.get(
    `${path}/stages/${stages.contacted}/leads?limit=10&tag=tag_0&cursor=${contacted?.leads.nextCursor}`,
  );
  const names = [...(contacted?.leads.data ?? []), ...next.as(pageSchema(leadSchema)).data].map(
    ({ displayName }) => displayName,
  );
  expect(names).toEqual(Array.from({ length: 20 }, (_, n) => `Lead ${n * 20}`));
});

test("the board by condition counts, sums and pages the leads for which it holds, from an index", async () => {
  const condition = {
    all: [
      { field: "lead.tags", op: "any_of", value: ["tag_0", "TAG_1"] },
      { not: { field: "lead.ownerId", op: "equals", value: "owner_0" } },
    ],
  };
  let board: z.output<typeof boardSchema> | undefined;
  const plans = await plansOf(async () => {
    board = (await tenant.api.post(`${path}/board`, { condition, limit: 10 })).as(boardSchema);
  });
  // tag_0: every 20th, all contacted, of which those of owner_0 are each fifth; tag_1: the same one further.
  expect(board?.columns.map(({ stage, count, leads }) => [stage.key, count, leads.data.length])).toEqual([
    ["new", 0, 0],
    ["contacted", 450, 10],
    ["qualified", 0, 0],
    ["proposal", 0, 0],
    ["won", 0, 0],
    ["lost", 0, 0],
  ]);
  expect(board?.columns[1]?.values).toEqual(
    expect.arrayContaining([
      { amount: 200, currency: "BRL" },
      { amount: 2_500, currency: "EUR" },
    ]),
  );
  for (const plan of plans) expect(plan.planSummary).toContain("IXSCAN");
  const names = board?.columns[1]?.leads.data.map(({ displayName }) => displayName) ?? [];
  let cursor = board?.columns[1]?.leads.nextCursor;
  while (cursor) {
    const search = { condition, limit: 10, cursor };
    const answer = await tenant.api.post(`${path}/stages/${stages.contacted}/leads/search`, search);
    const page = answer.as(pageSchema(leadSchema));
    names.push(...page.data.map(({ displayName }) => displayName));
    cursor = page.nextCursor;
  }
  const expected = Array.from({ length: total }, (_, n) => n).filter((n) => n % 20 < 2 && n % 50 !== 0);
  expect(names).toEqual(expected.map((n) => `Lead ${n}`));
}, 60_000);

test("the board takes words too, is whole without either, and refuses what leads do not have", async () => {
  const named = (await tenant.api.post(`${path}/board`, { query: "lead 4321" })).as(boardSchema);
  expect(named.columns.flatMap(({ leads }) => leads.data.map(({ displayName }) => displayName))).toEqual([
    "Lead 4321",
  ]);
  const whole = (await tenant.api.post(`${path}/board`, { limit: 3 })).as(boardSchema);
  expect(whole.columns.map(({ count }) => count)).toEqual([1_000, 2_000, 0, 0, 1_000, 1_000]);
  const condition = { all: [{ field: "lead.tagz", op: "any_of", value: ["a"] }] };
  const wrong = await tenant.api.post(`${path}/board`, { condition });
  expect([wrong.status, wrong.problem().errors?.[0]?.pointer]).toEqual([400, "/condition/all/0/field"]);
  const elsewhere = whole.columns[1]?.leads.nextCursor;
  const mixed = await tenant.api.post(`${path}/stages/${stages.contacted}/leads/search`, {
    condition: { field: "lead.score", op: "gte", value: 0 },
    limit: 3,
    cursor: elsewhere,
  });
  expect(mixed.problem().code).toBe("invalid-cursor");
});

test("the board of one owner reads that owner's leads only", async () => {
  const plans = await plansOf(async () => {
    const board = (await tenant.api.get(`${path}/board?ownerId=owner_7`)).as(boardSchema);
    expect(board.columns.map(({ count }) => count)).toEqual([0, 0, 0, 0, 100, 0]);
  });
  for (const plan of plans) {
    expect(plan).toMatchObject({ planSummary: expect.stringContaining("ownerId: 1"), hasSortStage: false });
    expect(plan.keysExamined).toBeLessThanOrEqual(110);
  }
});

test("metrics tell conversion, time in stage, win rate and values from index keys", async () => {
  let metrics: z.output<typeof pipelineMetricsSchema> | undefined;
  const plans = await plansOf(async () => {
    metrics = (await tenant.api.get(`${path}/metrics`)).as(pipelineMetricsSchema);
  });
  expect(metrics).toMatchObject({ won: 1_000, lost: 1_000, winRate: 0.5 });
  const [first] = metrics?.stages ?? [];
  expect(first).toMatchObject({
    stageKey: "new",
    entered: 5_000,
    left: 4_000,
    movedOn: 3_000,
    lost: 1_000,
    conversion: 0.75,
    leads: 1_000,
  });
  expect(first?.timeInStage.p50Ms).toBeGreaterThan(2_500 * 60_000 * 0.97);
  expect(first?.timeInStage.p50Ms).toBeLessThan(2_500 * 60_000 * 1.03);
  expect(first?.timeInStage.p90Ms).toBeGreaterThan(4_500 * 60_000 * 0.97);
  expect(first?.timeInStage.p90Ms).toBeLessThan(4_500 * 60_000 * 1.03);
  expect(metrics?.wonValues).toEqual(
    expect.arrayContaining([
      { amount: 5_000, currency: "EUR" },
      { amount: 500, currency: "BRL" },
    ]),
  );
  const history = plans.filter(({ ns }) => ns.endsWith("stageHistory"));
  expect(history.length).toBeGreaterThanOrEqual(2);
  for (const plan of history) expect(plan.docsExamined).toBe(0);
  for (const plan of plans) expect(plan.planSummary).toContain("IXSCAN");
  const wrong = await tenant.api.get(`${path}/metrics?from=2026-01-02T00:00:00Z&to=2026-01-01T00:00:00Z`);
  expect(wrong.status).toBe(400);
});

test("looking for stalled leads reads only those that are", async () => {
  await tenant.models.Lead.updateMany(
    { stageId: new Types.ObjectId(stages.contacted) },
    { $set: { stageEnteredAt: tenant.ctx.now() } },
  );
  await tenant.api.patch(`${path}/stages/${stages.contacted}`, { rottingDays: 3 });
  const { sweepStalledLeads } = await import("../../../src/services/saas/crm/stage.stalled");
  const plans = await plansOf(async () => {
    expect(await sweepStalledLeads(tenant.ctx)).toEqual({ taken: 0 });
  });
  expect(plans).toEqual([
    expect.objectContaining({
      keysExamined: 0,
      docsExamined: 0,
      planSummary: expect.stringContaining("stageEnteredAt"),
    }),
  ]);
});
