import { pageSchema } from "../../../src/contracts/common.contract";
import { leadSchema } from "../../../src/contracts/lead.contract";
import { stageVisitSchema } from "../../../src/contracts/lead.stage.contract";
import { closeAllConnections } from "../../../src/lib/tenant/tenant.registry";
import { type CrmTenant, crmTenant, newLead, stagesOf, takeEvents } from "./crm.tenant";

const leadPage = pageSchema(leadSchema);
let tenant: CrmTenant;
let stages: Record<string, string>;

beforeAll(async () => {
  tenant = await crmTenant();
  stages = await stagesOf(tenant);
});
afterAll(closeAllConnections);

const move = (id: string, body: Record<string, unknown>, headers?: Record<string, string>) =>
  tenant.api.post(`/api/crm/leads/${id}/move`, body, headers);

async function column(stageId: string | undefined): Promise<string[]> {
  const answer = await tenant.api.get(`/api/crm/leads?stageId=${stageId}&sort=rank&limit=100`);
  return answer.as(leadPage).data.map(({ id }) => id);
}

test("a move tells which stage was left and which was entered, and keeps the history", async () => {
  const lead = await newLead(tenant);
  takeEvents(tenant);
  const moved = (await move(lead.id, { stageId: stages.proposal })).as(leadSchema);
  expect(moved).toMatchObject({ stageId: stages.proposal, status: "open", version: 2 });
  expect(tenant.events.map(({ data }) => data)).toEqual(
    Array.from({ length: 2 }, () =>
      expect.objectContaining({
        pipelineKey: "sales",
        fromStageKey: "new",
        toStageKey: "proposal",
        stageType: "open",
      }),
    ),
  );
  expect(takeEvents(tenant)).toEqual(["stage_exit", "stage_enter"]);
  const history = (await tenant.api.get(`/api/crm/leads/${lead.id}/stage-history`)).as(
    pageSchema(stageVisitSchema),
  );
  expect(history.data).toMatchObject([
    { toStageId: stages.new, leftAt: moved.stageEnteredAt },
    { fromStageId: stages.new, toStageId: stages.proposal, leftAt: null, durationMs: null },
  ]);
  expect(history.data[0]?.durationMs).toBeGreaterThanOrEqual(0);
});

test("closing stages win or lose the lead, and moving back opens it again", async () => {
  const lead = await newLead(tenant);
  takeEvents(tenant);
  const lost = await move(lead.id, { stageId: stages.lost, lostReason: "price" });
  expect(lost.as(leadSchema)).toMatchObject({ status: "lost", lostReason: "price" });
  expect(takeEvents(tenant)).toEqual(["stage_exit", "stage_enter", "lost"]);
  const won = await move(lead.id, { stageId: stages.won });
  expect(won.as(leadSchema)).toMatchObject({ status: "won", lostReason: null, lostAt: null });
  expect(takeEvents(tenant)).toEqual(["stage_exit", "stage_enter", "won"]);
  expect((await move(lead.id, { stageId: stages.new })).as(leadSchema)).toMatchObject({
    status: "open",
    wonAt: null,
  });
});

test("a lost reason without a lost stage is refused", async () => {
  const lead = await newLead(tenant);
  const answer = await move(lead.id, { stageId: stages.won, lostReason: "price" });
  expect([answer.status, answer.problem().code]).toEqual([422, "invalid-state"]);
});

test("a move to where the lead stands already changes nothing", async () => {
  const lead = await newLead(tenant);
  takeEvents(tenant);
  expect((await move(lead.id, { stageId: stages.new })).as(leadSchema)).toEqual(lead);
  expect(takeEvents(tenant)).toEqual([]);
});

test("leads are placed before, after and between their neighbours", async () => {
  const stageId = stages.qualified;
  const [a, b, c, d] = [
    await newLead(tenant),
    await newLead(tenant),
    await newLead(tenant),
    await newLead(tenant),
  ];
  await move(a.id, { stageId });
  await move(b.id, { stageId, afterId: a.id });
  expect(await column(stageId)).toEqual([a.id, b.id]);
  await move(c.id, { stageId, beforeId: b.id });
  expect(await column(stageId)).toEqual([a.id, c.id, b.id]);
  await move(d.id, { stageId, afterId: c.id, beforeId: b.id });
  expect(await column(stageId)).toEqual([a.id, c.id, d.id, b.id]);
  await move(b.id, { stageId, beforeId: a.id });
  expect(await column(stageId)).toEqual([b.id, a.id, c.id, d.id]);
  const elsewhere = await newLead(tenant);
  const refused = await move(d.id, { stageId, afterId: elsewhere.id });
  expect([refused.status, refused.problem().errors?.[0]?.pointer]).toEqual([422, "/afterId"]);
  const turned = await move(elsewhere.id, { stageId, afterId: d.id, beforeId: b.id });
  expect([turned.status, turned.problem().code]).toEqual([409, "conflict"]);
});

test("of 20 parallel moves with one ETag one wins and 19 get 412 with the current state", async () => {
  const lead = await newLead(tenant);
  const answers = await Promise.all(
    Array.from({ length: 20 }, (_, n) =>
      move(lead.id, { stageId: n % 2 ? stages.contacted : stages.proposal }, { "if-match": '"1"' }),
    ),
  );
  expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
  const stale = answers.filter(({ status }) => status === 412);
  expect(stale).toHaveLength(19);
  for (const answer of stale) expect(answer.json()).toMatchObject({ current: { id: lead.id, version: 2 } });
});

test("20 leads dropped into one gap at once stand there in one order with ranks of their own", async () => {
  const stageId = stages.contacted;
  const [top, bottom] = [await newLead(tenant), await newLead(tenant)];
  await move(top.id, { stageId });
  await move(bottom.id, { stageId, afterId: top.id });
  const leads = await Promise.all(Array.from({ length: 20 }, () => newLead(tenant)));
  const answers = await Promise.all(leads.map(({ id }) => move(id, { stageId, afterId: top.id })));
  expect(answers.map(({ status }) => status)).toEqual(Array.from({ length: 20 }, () => 200));
  const order = await column(stageId);
  const between = order.slice(order.indexOf(top.id) + 1, order.indexOf(bottom.id));
  expect([...between].sort()).toEqual(leads.map(({ id }) => id).sort());
});
