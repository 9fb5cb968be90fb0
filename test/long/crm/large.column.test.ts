/** A column of 30,000 leads: what a drop into a crowded gap costs, and what finding by condition does. */
import { Types } from "mongoose";
import * as z from "zod";
import { boardSchema } from "../../../src/contracts/board.contract";
import { leadSearch } from "../../../src/lib/search/lead.search";
import { closeAllConnections, tenantConnection } from "../../../src/lib/tenant/tenant.registry";
import { spreadSlice } from "../../../src/services/saas/crm/stage.spread";
import { type CrmTenant, crmTenant, newLead, stagesOf } from "../../integration/crm/crm.tenant";

const total = 30_000;
const middle = total / 2;
const slice = 5_000;
let tenant: CrmTenant;
let stages: Record<string, string>;
let ids: string[];

/** Crowded throughout: 24 characters each, one right behind the other. */
const rankOf = (n: number) =>
  `V${"0".repeat(17)}${[...n.toString(9).padStart(6, "0")].map((digit) => Number(digit) + 1).join("")}`;

beforeAll(async () => {
  tenant = await crmTenant();
  stages = await stagesOf(tenant);
  const seed = await newLead(tenant);
  const pattern = await tenant.models.Lead.findById(seed.id).orFail().lean();
  ids = Array.from({ length: total }, () => new Types.ObjectId().toHexString());
  for (let from = 0; from < total; from += slice) {
    const leads = ids.slice(from, from + slice).map((id, index) => {
      const lead = {
        ...pattern,
        _id: new Types.ObjectId(id),
        displayName: `Lead ${from + index}`,
        tags: (from + index) % 1_000 === 0 ? ["rare"] : [],
        score: (from + index) % 100,
        stageId: new Types.ObjectId(stages.qualified),
        rank: rankOf(from + index),
      };
      return { ...lead, search: leadSearch(lead, new Set()) };
    });
    await tenant.models.Lead.collection.insertMany(leads);
  }
  const connection = await tenantConnection(tenant.ctx.clientCode);
  await connection.db?.setProfilingLevel("all");
}, 600_000);
afterAll(closeAllConnections);

const profileSchema = z.object({
  planSummary: z.string().default(""),
  keysExamined: z.number().default(0),
  nModified: z.number().default(0),
});

/** What the server did for leads meanwhile, and how long it took. */
async function costOf(work: () => Promise<unknown>) {
  const connection = await tenantConnection(tenant.ctx.clientCode);
  const since = new Date();
  const began = performance.now();
  await work();
  const ms = Math.round(performance.now() - began);
  const filter = { ns: /\.leads$/, ts: { $gte: since } };
  const rows = await connection.collection("system.profile").find(filter).toArray();
  return { ms, plans: z.array(profileSchema).parse(rows) };
}

test("a drop into a crowded gap looks at some thousand leads, however many there are, and a job spreads the rest", async () => {
  const mover = await newLead(tenant);
  const place = { stageId: stages.qualified, afterId: ids[middle - 1], beforeId: ids[middle] };
  const drop = await costOf(async () => {
    const gap = { lower: rankOf(middle - 1), upper: rankOf(middle) };
    expect(gap.lower < gap.upper).toBe(true);
    expect((await tenant.api.post(`/api/crm/leads/${mover.id}/move`, place)).status).toBe(200);
  });
  const keys = drop.plans.reduce((sum, { keysExamined }) => sum + keysExamined, 0);
  expect(keys).toBeLessThanOrEqual(10_000);
  const connection = await tenantConnection(tenant.ctx.clientCode);
  await connection.db?.setProfilingLevel("off");
  const began = performance.now();
  let slices = 1;
  const crowded = { stageId: stages.qualified ?? "", rank: rankOf(middle - 1) };
  while (!(await spreadSlice(tenant.ctx, crowded))) slices += 1;
  const ms = Math.round(performance.now() - began);
  await connection.db?.setProfilingLevel("all");
  console.log(`drop: ${drop.ms} ms, ${keys} keys; spread: ${slices} slices, ${ms} ms`);
  const order = await tenant.models.Lead.find({ stageId: new Types.ObjectId(stages.qualified) })
    .sort({ rank: 1 })
    .select({ rank: 1 })
    .lean();
  expect(order.map(({ _id }) => _id.toHexString())).toEqual([
    ...ids.slice(0, middle),
    mover.id,
    ...ids.slice(middle),
  ]);
  expect(Math.max(...order.map(({ rank }) => rank?.length ?? 0))).toBeLessThanOrEqual(12);
}, 600_000);

test("a board by condition answers from indexes, with what is rare and with what is common", async () => {
  const pipeline = await tenant.models.Pipeline.findOne({ isDefault: true }).orFail().lean();
  const path = `/api/crm/pipelines/${pipeline._id.toHexString()}/board`;
  const counts: Record<string, { count: number; capped: boolean; ms: number }> = {};
  const conditions = {
    rare: { field: "lead.tags", op: "any_of", value: ["rare"] },
    common: { field: "lead.score", op: "gte", value: 50 },
  };
  for (const [name, condition] of Object.entries(conditions)) {
    let board: z.output<typeof boardSchema> | undefined;
    const { ms, plans } = await costOf(async () => {
      board = (await tenant.api.post(path, { condition, limit: 25 })).as(boardSchema);
    });
    for (const { planSummary } of plans) expect(planSummary).toContain("IXSCAN");
    const column = board?.columns.find(({ stage }) => stage.key === "qualified");
    counts[name] = { count: column?.count ?? 0, capped: column?.countIsCapped ?? false, ms };
  }
  console.log(JSON.stringify(counts));
  expect(counts).toMatchObject({
    rare: { count: total / 1_000, capped: false },
    common: { count: Math.min(10_000, total / 2), capped: total > 20_000 },
  });
}, 600_000);
