import { Types } from "mongoose";
import { pageSchema } from "../../../src/contracts/common.contract";
import { leadSchema } from "../../../src/contracts/lead.contract";
import { longestRank, rankBetween } from "../../../src/lib/rank/rank";
import { commitChange } from "../../../src/lib/tenant/commit.change";
import { closeAllConnections, tenantConnection } from "../../../src/lib/tenant/tenant.registry";
import { moveLeadInChange } from "../../../src/services/saas/crm/lead.move";
import { spreadSlice } from "../../../src/services/saas/crm/stage.spread";
import { drainAll } from "../../setup/drain";
import { type CrmTenant, crmTenant, newLead, stagesOf, takeEvents } from "./crm.tenant";

let tenant: CrmTenant;
let stages: Record<string, string>;

beforeAll(async () => {
  tenant = await crmTenant();
  stages = await stagesOf(tenant);
});
afterAll(closeAllConnections);

const move = (id: string, body: Record<string, unknown>) =>
  tenant.api.post(`/api/crm/leads/${id}/move`, body);

interface Standing {
  readonly id: string;
  readonly rank: string;
  readonly version: number;
}

/** A column as it is stored, in its order. */
async function column(stageId: string | undefined): Promise<Standing[]> {
  const leads = await tenant.models.Lead.find({ stageId: new Types.ObjectId(stageId), deletedAt: null })
    .sort({ rank: 1 })
    .lean();
  return leads.map(({ _id, rank, version }) => ({ id: _id.toHexString(), rank: rank ?? "", version }));
}

const longest = (leads: readonly Standing[]) => Math.max(...leads.map(({ rank }) => rank.length));

/** Leads straight into a stage, one behind the other at these ranks. */
async function seedLeads(stageId: string | undefined, ranks: readonly string[]): Promise<string[]> {
  const pattern = await newLead(tenant);
  const record = await tenant.models.Lead.findById(pattern.id).orFail().lean();
  const leads = ranks.map((rank) => ({
    ...record,
    _id: new Types.ObjectId(),
    stageId: new Types.ObjectId(stageId),
    rank,
  }));
  await tenant.models.Lead.collection.insertMany(leads);
  return leads.map(({ _id }) => _id.toHexString());
}

function evenRanks(count: number): string[] {
  const ranks = [rankBetween(null, null)];
  while (ranks.length < count) ranks.push(rankBetween(ranks.at(-1) ?? null, null));
  return ranks;
}

test("300 drops between the two dropped last keep every rank short, unique and in the order of the drops", async () => {
  const stageId = stages.qualified;
  const ids = await seedLeads(stageId, evenRanks(300));
  const [top = "", bottom = "", ...others] = ids;
  const order = [top, bottom];
  takeEvents(tenant);
  let [above, below] = [top, bottom];
  const drops = others.slice(0, 298);
  for (let from = 0; from < drops.length; from += 20)
    await commitChange(tenant.ctx, async (change) => {
      for (const [n, id] of drops.slice(from, from + 20).entries()) {
        if (!stageId) throw new Error("The stage is gone.");
        await moveLeadInChange(tenant.ctx, change, id, { stageId }, { afterId: above, beforeId: below });
        order.splice(order.indexOf(below), 0, id);
        if (n % 2) above = id;
        else below = id;
      }
    });
  const after = await column(stageId);
  expect(after.map(({ id }) => id)).toEqual(order);
  expect(new Set(after.map(({ rank }) => rank)).size).toBe(after.length);
  expect(longest(after)).toBeLessThanOrEqual(longestRank);
  // One event and one version per drop: those that were only spread are not changed.
  expect(tenant.events).toHaveLength(drops.length);
  expect(after.map(({ version }) => version)).toEqual(order.map((id) => (drops.includes(id) ? 2 : 1)));
}, 60_000);

test("of 20 parallel drops into a gap without room each gets a place of its own there", async () => {
  const stageId = stages.proposal;
  const [a = "", b = ""] = await seedLeads(stageId, ["V0000000", "V0000000000000000000000V"]);
  const dropped = await Promise.all(Array.from({ length: 20 }, () => newLead(tenant)));
  const answers = await Promise.all(dropped.map(({ id }) => move(id, { stageId, afterId: a, beforeId: b })));
  expect(answers.map(({ status }) => status)).toEqual(dropped.map(() => 200));
  const after = await column(stageId);
  expect([after[0]?.id, after.at(-1)?.id]).toEqual([a, b]);
  expect(after.map(({ id }) => id).sort()).toEqual([a, b, ...dropped.map(({ id }) => id)].sort());
  expect(new Set(after.map(({ rank }) => rank)).size).toBe(22);
  expect(longest(after)).toBeLessThanOrEqual(longestRank);
  expect([after[0]?.version, after.at(-1)?.version]).toEqual([1, 1]);
});

test("a lead dropped where it stands already is not changed", async () => {
  const stageId = stages.contacted;
  const [a = "", b = "", c = ""] = await seedLeads(stageId, evenRanks(3));
  takeEvents(tenant);
  for (const place of [{ afterId: a }, { beforeId: c }, { afterId: a, beforeId: c }])
    expect((await move(b, { stageId, ...place })).as(leadSchema).version).toBe(1);
  expect(takeEvents(tenant)).toEqual([]);
});

test("a column that is crowded for thousands of leads is spread by a job, and nobody's order or version changes, nor does a page", async () => {
  const stageId = stages.won;
  const digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
  const tails = [...digits].slice(1).flatMap((one) => [...digits].slice(1).map((two) => one + two));
  const ids = await seedLeads(
    stageId,
    tails.slice(0, 2_600).map((tail) => `V0000000${"0".repeat(14)}${tail}`),
  );
  const pages = `/api/crm/leads?stageId=${stageId}&sort=rank&limit=10`;
  const first = (await tenant.api.get(pages)).as(pageSchema(leadSchema));
  const mover = await newLead(tenant);
  await move(mover.id, { stageId, afterId: ids[1_299] });
  await drainAll();
  const after = await column(stageId);
  const expected = [...ids.slice(0, 1_300), mover.id, ...ids.slice(1_300)];
  expect(after.map(({ id }) => id)).toEqual(expected);
  expect(longest(after)).toBeLessThanOrEqual(12);
  const second = (await tenant.api.get(`${pages}&cursor=${first.nextCursor}`)).as(pageSchema(leadSchema));
  expect(second.data.map(({ id }) => id)).toEqual(ids.slice(10, 20));
  expect(after.every(({ id, version }) => id === mover.id || version === 1)).toBe(true);
}, 60_000);

test("a change that began before a column is spread must begin again, in whatever process it runs", async () => {
  const stageId = stages.lost ?? "";
  await seedLeads(stageId, evenRanks(40));
  const [, second] = await column(stageId);
  const connection = await tenantConnection(tenant.ctx.clientCode);
  const session = await connection.startSession();
  try {
    session.startTransaction({ readConcern: { level: "snapshot" } });
    await tenant.models.Lead.findOne({ stageId: new Types.ObjectId(stageId) })
      .session(session)
      .lean();
    expect(await spreadSlice(tenant.ctx, { stageId, rank: second?.rank ?? "" })).toBe(true);
    // What every change does in the end.
    const later = tenant.models.Counter.updateOne({ _id: "events" }, { $inc: { value: 1 } }, { session });
    await expect(later).rejects.toMatchObject({ codeName: "WriteConflict" });
  } finally {
    await session.abortTransaction();
    await session.endSession();
  }
});
