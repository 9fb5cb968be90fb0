/** Meta down, slow, cutting off or talking nonsense: each message waits, stops or becomes unknown, and only that one. */
import { setTimeout as sleep } from "node:timers/promises";
import { Types } from "mongoose";
import { messageSchema } from "../../../src/contracts/message.contract";
import { getCentralModels } from "../../../src/lib/db/get.central.models";
import {
  numberOf,
  startWhatsApp,
  type WhatsAppStack,
  type WhatsAppTenant,
  whatsappTenant,
} from "./whatsapp.stack";

let stack: WhatsAppStack;
let tenant: WhatsAppTenant;
let other: WhatsAppTenant;
let people = 0;

beforeAll(async () => {
  stack = await startWhatsApp();
  tenant = await whatsappTenant(stack, numberOf(1));
  other = await whatsappTenant(stack, numberOf(2));
  await stack.sim("/_sim/statuses", { steps: [] });
});
beforeEach(async () => {
  await fetch(`${stack.graph.url}/_sim/faults`, { method: "DELETE" });
});
afterAll(() => stack.close());

async function send(of: WhatsAppTenant): Promise<{ id: string; phone: string }> {
  people += 1;
  const phone = `+4477009090${String(people).padStart(2, "0")}`;
  const lead = await of.api.post("/api/crm/leads", { firstName: "P", phone });
  const message = { kind: "template", template: { name: "hello_world" } };
  const answer = await of.api.post(`/api/crm/leads/${Object(lead.json()).id}/messages`, message);
  return { id: answer.as(messageSchema).id, phone: phone.slice(1) };
}

test.each([
  ["cuts off before it did anything", { reset: "before" }, "unknown", null],
  ["cuts off after it took the message", { reset: "after" }, "unknown", null],
  ["answers nothing in time", { delayMs: 2_500 }, "unknown", null],
  ["answers 500 from something in front of it", { status: 500, body: "<h1>oops</h1>" }, "unknown", null],
  ["answers 503 from something in front of it", { status: 503, body: "" }, "unknown", null],
  ["answers 200 with garbage", { status: 200, body: "<html>" }, "unknown", null],
  ["answers 200 with no id", { status: 200, body: '{"messages":[]}' }, "unknown", null],
  ["answers 500 with its error 131000", { status: 500, code: 131_000 }, "queued", null],
  ["answers 503 with its error 131016", { status: 503, code: 131_016 }, "queued", null],
  ["answers 429 without an error of its own", { status: 429, body: "" }, "queued", null],
  ["answers 400 with its error 131016", { status: 400, code: 131_016 }, "failed", 131_016],
  ["answers 400 with its error 132001", { status: 400, code: 132_001 }, "failed", 132_001],
  ["answers 404 from something in front of it", { status: 404, body: "no" }, "failed", null],
])("when Meta %s", async (_what, fault, status, code) => {
  const phone = `+4477009090${String(people + 1).padStart(2, "0")}`;
  await stack.sim("/_sim/faults", {
    match: { method: "POST", path: "messages$", to: phone },
    times: 1,
    ...fault,
  });
  const [mine, foreign] = [await send(tenant), await send(other)];
  await stack.drain();
  const message = await tenant.models.Message.findById(new Types.ObjectId(mine.id)).lean();
  expect(message).toMatchObject({ status, error: status === "failed" ? { code } : null });
  // Meta's log has a slow answer only when it is over
  for (let tries = 0; tries < 60 && (await stack.sends(mine.phone)).length === 0; tries += 1)
    await sleep(100);
  expect(await stack.sends(mine.phone)).toHaveLength(1);
  // another tenant's number goes on
  const elsewhere = await other.models.Message.findById(new Types.ObjectId(foreign.id)).lean();
  expect(elsewhere?.status).toBe("sent");
});

test("a one-time code that waited too long is not sent any more", async () => {
  people += 1;
  const phone = `+4477009090${String(people).padStart(2, "0")}`;
  const match = { method: "POST", path: "messages$", to: phone };
  await stack.sim("/_sim/faults", { match, times: 1, status: 429, body: "" });
  const lead = await tenant.api.post("/api/crm/leads", { firstName: "P", phone });
  const template = { name: "login_code", variables: { "1": "482913" } };
  const path = `/api/crm/leads/${Object(lead.json()).id}/messages`;
  const { id } = (await tenant.api.post(path, { kind: "template", template })).as(messageSchema);
  await stack.drain();
  const { Job } = await getCentralModels();
  const _id = new Types.ObjectId(id);
  const longAgo = new Date(Date.now() - 11 * 60_000);
  await tenant.models.Message.updateOne({ _id }, { $set: { "statusAt.queued": longAgo } });
  await Job.updateOne({ activeKey: id }, { $set: { runAt: new Date(0) } });
  await stack.drain();
  expect(await tenant.models.Message.findById(_id).lean()).toMatchObject({
    status: "failed",
    error: { explanation: expect.stringContaining("10 minutes") },
  });
  expect(await stack.sends(phone.slice(1))).toHaveLength(1);
});
