import { Types } from "mongoose";
import * as z from "zod";
import { pageSchema } from "../../../src/contracts/common.contract";
import { leadSchema } from "../../../src/contracts/lead.contract";
import { foundLeadSchema } from "../../../src/contracts/lead.search.contract";
import { rankBetween } from "../../../src/lib/rank/rank";
import { leadSearch } from "../../../src/lib/search/lead.search";
import { closeAllConnections, tenantConnection } from "../../../src/lib/tenant/tenant.registry";
import { drainAll } from "../../setup/drain";
import { type CrmTenant, crmTenant, newLead, stagesOf } from "./crm.tenant";

const total = 5_000;
const pageSize = 25;
const leadPage = pageSchema(leadSchema);
const foundPage = pageSchema(foundLeadSchema);
let tenant: CrmTenant;
let stages: Record<string, string>;

beforeAll(async () => {
  tenant = await crmTenant();
  stages = await stagesOf(tenant);
  const seed = await newLead(tenant, { firstName: "Seed" });
  const pattern = await tenant.models.Lead.findById(seed.id).lean();
  if (!pattern) throw new Error("The seed lead is gone.");
  const places = ["new", "contacted", "qualified"].map((key) => new Types.ObjectId(stages[key]));
  let rank = pattern.rank;
  const leads = Array.from({ length: total }, (_, n) => {
    rank = rankBetween(rank, null);
    const at = new Date(Date.UTC(2026, 0, 1) + n * 60_000);
    const lead = {
      ...pattern,
      _id: new Types.ObjectId(),
      displayName: `Lead ${n}`,
      ownerId: `owner_${n % 50}`,
      tags: [`tag_${n % 20}`],
      stageId: places[n % places.length] ?? null,
      source: n % 2 ? "website" : "fair",
      rank,
      createdAt: at,
      updatedAt: at,
      custom: { plan: `plan_${n % 100}` },
    };
    return { ...lead, search: leadSearch(lead, new Set(["plan"])) };
  });
  await tenant.models.Lead.insertMany(leads);
  const connection = await tenantConnection(tenant.ctx.clientCode);
  await connection.db?.setProfilingLevel("all");
});
afterAll(closeAllConnections);

const profileSchema = z.object({
  planSummary: z.string(),
  keysExamined: z.number(),
  docsExamined: z.number(),
  hasSortStage: z.boolean().default(false),
});

/** What the server did for the last query of leads that a request caused. */
async function lastPlan(): Promise<z.output<typeof profileSchema>> {
  const connection = await tenantConnection(tenant.ctx.clientCode);
  const [entry] = await connection
    .collection("system.profile")
    .find({ op: "query", ns: /\.leads$/ })
    .sort({ ts: -1 })
    .limit(1)
    .toArray();
  return profileSchema.parse(entry);
}

test.each([
  ["newest first", "sort=-createdAt"],
  ["oldest first", "sort=createdAt"],
  ["recently changed", "sort=-updatedAt"],
  ["of an owner", "ownerId=owner_7"],
  ["with a tag", "tag=tag_7"],
  ["with a status", "status=open"],
])("a page of leads %s reads about as many keys as it shows, also far back", async (_what, query) => {
  let cursor = "";
  const examined: number[] = [];
  for (let page = 0; page < 3; page += 1) {
    const answer = await tenant.api.get(`/api/crm/leads?${query}&limit=${pageSize}${cursor}`);
    const { data, nextCursor } = answer.as(leadPage);
    expect(data.length).toBe(pageSize);
    const plan = await lastPlan();
    expect(plan).toMatchObject({ planSummary: expect.stringContaining("IXSCAN"), hasSortStage: false });
    examined.push(plan.keysExamined);
    cursor = `&cursor=${nextCursor}`;
  }
  for (const keys of examined) expect(keys).toBeLessThanOrEqual(pageSize + 5);
});

test("a column of the board is read in the order of its ranks", async () => {
  const answer = await tenant.api.get(
    `/api/crm/leads?stageId=${stages.qualified}&sort=rank&limit=${pageSize}`,
  );
  expect(answer.as(leadPage).data).toHaveLength(pageSize);
  const plan = await lastPlan();
  expect(plan).toMatchObject({ planSummary: expect.stringContaining("rank: 1"), hasSortStage: false });
  expect(plan.keysExamined).toBeLessThanOrEqual(pageSize + 5);
});

test("looking for the twin of a new lead, and upserting one, reads a handful of keys", async () => {
  const fields = { firstName: "Twin", phone: "+5511912341111", email: "twin@example.com" };
  await tenant.api.put("/api/crm/leads/by-external/erp/T-1", fields);
  const connection = await tenantConnection(tenant.ctx.clientCode);
  const since = new Date();
  expect((await tenant.api.put("/api/crm/leads/by-external/erp/T-1", { company: "Sol" })).status).toBe(200);
  expect((await tenant.api.post("/api/crm/leads", { ...fields, phone: "+5511912342222" })).status).toBe(409);
  const entries = await connection
    .collection("system.profile")
    .find({ op: { $in: ["query", "update"] }, ns: /\.(leads|contactIdentities)$/, ts: { $gte: since } })
    .toArray();
  expect(entries.length).toBeGreaterThan(3);
  for (const entry of entries) {
    const { planSummary, keysExamined } = profileSchema.parse(entry);
    expect([planSummary, keysExamined <= 5]).toEqual([expect.stringMatching(/IXSCAN|IDHACK/), true]);
  }
});

test("an import finds its leads by another system's ids with a handful of keys", async () => {
  await newLead(tenant, { firstName: "Imported", externalIds: { erp: "I-1" } });
  const connection = await tenantConnection(tenant.ctx.clientCode);
  const since = new Date();
  await tenant.api.post("/api/crm/imports", { text: "externalIds.erp,company\nI-1,Sol\n" });
  await drainAll();
  const entries = await connection
    .collection("system.profile")
    .find({ op: "query", ns: /\.leads$/, ts: { $gte: since } })
    .toArray();
  const plans = entries.map((entry) => profileSchema.parse(entry));
  expect(plans.some(({ planSummary }) => planSummary.includes("externalIds"))).toBe(true);
  for (const { planSummary, keysExamined } of plans)
    expect([planSummary, keysExamined <= 5]).toEqual([expect.stringContaining("IXSCAN"), true]);
});

test("a lead is found by phone and by e-mail with a handful of keys", async () => {
  await newLead(tenant, { firstName: "Needle", phone: "+5511912340000", email: "needle@example.com" });
  for (const query of ["phone=%2B5511912340000", "email=needle@example.com"]) {
    const { data } = (await tenant.api.get(`/api/crm/leads?${query}`)).as(leadPage);
    expect(data.map(({ firstName }) => firstName)).toEqual(["Needle"]);
    expect((await lastPlan()).keysExamined).toBeLessThanOrEqual(5);
  }
});

test.each([
  ["by status", { field: "lead.status", op: "equals", value: "open" }, pageSize + 5],
  ["by owner", { field: "lead.ownerId", op: "equals", value: "owner_7" }, pageSize + 5],
  ["by a time", { field: "lead.createdAt", op: "after", value: "2026-01-02T00:00:00.000Z" }, pageSize + 5],
  ["by a field of the tenant's", { field: "lead.custom.plan", op: "equals", value: "PLAN_7" }, 60],
])("a search %s uses an index, and page by page reads no more", async (_what, condition, most) => {
  await tenant.models.CustomField.updateOne(
    { key: "plan" },
    {
      $set: {
        name: "Plan",
        type: "text",
        options: null,
        filterable: true,
        version: 1,
        createdAt: new Date(),
        updatedAt: new Date(),
      },
    },
    { upsert: true },
  );
  let cursor: string | null = null;
  for (let page = 0; page < 2; page += 1) {
    const body: object = { condition, limit: pageSize, ...(cursor ? { cursor } : {}) };
    const answer = await tenant.api.post("/api/crm/leads/search", body);
    const found: z.output<typeof foundPage> = answer.as(foundPage);
    expect(found.data).toHaveLength(pageSize);
    const plan = await lastPlan();
    expect(plan.planSummary).toContain("IXSCAN");
    expect(plan.keysExamined).toBeLessThanOrEqual(most);
    cursor = found.nextCursor;
  }
});

test("words are found by their index", async () => {
  const answer = await tenant.api.post("/api/crm/leads/search", { query: "4321" });
  expect(answer.as(foundPage).data).toHaveLength(1);
  const plan = await lastPlan();
  expect(plan.planSummary).toContain("search.words");
  expect(plan.keysExamined).toBeLessThanOrEqual(10);
});
