/** Requests that are repeated with their Idempotency-Key after a crash, or a day later. */
import * as z from "zod";
import { leadBatchResultSchema } from "../../../src/contracts/lead.batch.contract";
import { moveClock } from "../../../src/lib/clock/clock";
import { closeAllConnections } from "../../../src/lib/tenant/tenant.registry";
import { type CrmTenant, crmTenant, newLead } from "./crm.tenant";

let tenant: CrmTenant;
let leadId: string;

beforeAll(async () => {
  tenant = await crmTenant();
  leadId = (await newLead(tenant)).id;
});
afterAll(closeAllConnections);

const startsAt = new Date(Date.now() + 30 * 86_400_000).toISOString();
const made = z.object({ id: z.string() });

/** As if the request had died after its effect and before its answer was kept, and its lease had run out. */
async function dieBeforeTheAnswer(key: string): Promise<void> {
  const died = { state: "running", leaseUntil: new Date(0), status: null, body: null } as const;
  const { matchedCount } = await tenant.models.IdempotencyKey.updateOne({ key }, { $set: died });
  expect(matchedCount).toBe(1);
}

test.each([
  ["lead", () => "/api/crm/leads", () => ({ firstName: "Repeated" })],
  ["lead with a phone", () => "/api/crm/leads", () => ({ phone: "+5511966660001" })],
  ["note", () => `/api/crm/leads/${leadId}/notes`, () => ({ text: "Once" })],
  ["meeting", () => "/api/crm/meetings", () => ({ leadId, title: "Visit", startsAt })],
  ["task", () => "/api/crm/tasks", () => ({ title: "Call" })],
])(
  "a request that died after its %s was stored finds it again by its Idempotency-Key",
  async (name, path, body) => {
    const key = { "idempotency-key": `died-${name.replaceAll(" ", "-")}` };
    const first = await tenant.api.post(path(), body(), key);
    expect(first.status).toBe(201);
    await dieBeforeTheAnswer(key["idempotency-key"]);
    const again = await tenant.api.post(path(), body(), key);
    expect([again.status, again.as(made).id]).toEqual([201, first.as(made).id]);
    expect(again.headers["idempotency-replayed"]).toBeUndefined();
  },
);

test("a batch that died goes on with the leads that it had made", async () => {
  const key = { "idempotency-key": "died-batch" };
  const body = { operations: ["A", "B"].map((firstName) => ({ op: "create", lead: { firstName } })) };
  const ids = async () =>
    (await tenant.api.post("/api/crm/leads/batch", body, key))
      .as(leadBatchResultSchema)
      .results.map(({ lead }) => lead?.id);
  const first = await ids();
  await dieBeforeTheAnswer("died-batch");
  expect(await ids()).toEqual(first);
});

test("a day later the same key makes something new", async () => {
  const key = { "idempotency-key": "daily" };
  const make = async (title: string) =>
    (await tenant.api.post("/api/crm/meetings", { leadId, title, startsAt }, key)).as(made).id;
  const first = await make("Monday");
  await moveClock({ byMs: 24 * 60 * 60_000 });
  expect(await make("Tuesday")).not.toBe(first);
});
