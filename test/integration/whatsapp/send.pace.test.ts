/** Meta's limits: what is too fast waits, is sent once, and holds up nobody else. */
import { setTimeout as sleep } from "node:timers/promises";
import { Types } from "mongoose";
import { messageSchema } from "../../../src/contracts/message.contract";
import { getCentralModels } from "../../../src/lib/db/get.central.models";
import { connectNumber } from "../../../src/services/saas/whatsapp/connect.number.service";
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
const template = { kind: "template", template: { name: "hello_world" } };

beforeAll(async () => {
  stack = await startWhatsApp();
  tenant = await whatsappTenant(stack, numberOf(1));
  other = await whatsappTenant(stack, numberOf(2));
});
beforeEach(async () => {
  await stack.sim("/_sim/statuses", { steps: [] });
  await stack.sim("/_sim/settings", { pairLimit: false, throughputPerSecond: false });
  await fetch(`${stack.graph.url}/_sim/faults`, { method: "DELETE" });
  await tenant.models.SendPace.deleteMany({});
});
afterAll(() => stack.close());

async function person(of = tenant): Promise<string> {
  people += 1;
  const phone = `+4477009080${String(people).padStart(2, "0")}`;
  return Object((await of.api.post("/api/crm/leads", { firstName: "P", phone })).json()).id;
}

async function send(leadId: string, of = tenant): Promise<string> {
  const answer = await of.api.post(`/api/crm/leads/${leadId}/messages`, template);
  expect(answer.status).toBe(202);
  return answer.as(messageSchema).id;
}

async function statusOf(id: string, of = tenant): Promise<string | undefined> {
  return (await of.models.Message.findById(new Types.ObjectId(id)).lean())?.status;
}

/** Everything that waits is due now, and nothing is held any more. */
async function waitIsOver(): Promise<void> {
  const { Job } = await getCentralModels();
  await tenant.models.SendPace.updateMany({}, { $set: { heldUntil: null, nextAt: null, tailAt: null } });
  await Job.updateMany(
    { type: "whatsapp.send", state: "scheduled", blockedBy: null },
    { $set: { runAt: new Date(0) } },
  );
}

const refusals = async () => (await stack.sends()).filter(({ status }) => status !== 200).length;

test("a number that is too fast slows down, loses nothing, and holds up no other number", async () => {
  await stack.sim("/_sim/settings", { throughputPerSecond: 5 });
  const leads = await Promise.all(Array.from({ length: 10 }, () => person()));
  const ids = await Promise.all(leads.map((lead) => send(lead)));
  const foreign = await send(await person(other), other);
  await stack.drain();
  expect(await statusOf(foreign, other)).toBe("sent");
  for (let tries = 0; tries < 200; tries += 1) {
    const open = await tenant.models.Message.countDocuments({ status: "queued" });
    if (open === 0) break;
    await sleep(100);
    await stack.drain();
  }
  expect(await Promise.all(ids.map((id) => statusOf(id)))).toEqual(ids.map(() => "sent"));
  const accepted = (await stack.sends()).filter(({ status }) => status === 200);
  expect(accepted).toHaveLength(11);
  const pace = await tenant.models.SendPace.findById(`number:${tenant.connectionId}`).lean();
  expect(pace?.perSecond).toBeLessThan(64);
  // a waiting message uses up no attempt of its job
  const { Job } = await getCentralModels();
  expect(await Job.countDocuments({ type: "whatsapp.send", state: "dead" })).toBe(0);
});

test("a recipient who gets too many holds up only themselves", async () => {
  const [busy, calm] = [await person(), await person()];
  await stack.sim("/_sim/faults", {
    match: { method: "POST", path: "messages$" },
    status: 400,
    code: 131_056,
    headers: { "retry-after": "60" },
    times: 1,
  });
  const first = await send(busy);
  await stack.drain();
  const [second, elsewhere] = [await send(busy), await send(calm)];
  const before = await refusals();
  await stack.drain();
  expect(await Promise.all([first, second, elsewhere].map((id) => statusOf(id)))).toEqual([
    "queued",
    "queued",
    "sent",
  ]);
  expect(await refusals()).toBe(before);
  await waitIsOver();
  await stack.drain();
  // from then on one in six seconds
  expect([await statusOf(first), await statusOf(second)]).toEqual(["sent", "queued"]);
  const { conversationId } = (await tenant.models.Message.findById(new Types.ObjectId(first)).lean()) ?? {};
  const pair = await tenant.models.SendPace.findById(`pair:${conversationId?.toHexString()}`).lean();
  expect(pair?.heldUntil?.getTime() ?? 0).toBeGreaterThan(Date.now() + 3_000);
  await waitIsOver();
  await stack.drain();
  expect(await statusOf(second)).toBe("sent");
});

test.each([
  [4, "account"],
  [80_007, "account"],
  [131_057, "number"],
])("after %i no message is tried until the %s is let go", async (code, scope) => {
  const fault = { match: { method: "POST", path: "messages$" }, status: 400, code, times: 1 };
  await stack.sim("/_sim/faults", fault);
  const first = await send(await person());
  await stack.drain();
  const before = (await stack.sends()).length;
  const second = await send(await person());
  await stack.drain();
  expect((await stack.sends()).length).toBe(before);
  expect([await statusOf(first), await statusOf(second)]).toEqual(["queued", "queued"]);
  const held = await tenant.models.SendPace.find({}).lean();
  const until = held.find(({ _id }) => _id.startsWith(`${scope}:`))?.heldUntil;
  expect(until?.getTime() ?? 0).toBeGreaterThan(Date.now() + 50_000);
  await waitIsOver();
  await stack.drain();
  expect([await statusOf(first), await statusOf(second)]).toEqual(["sent", "sent"]);
});

test("the throughput that Meta says a number has is what it keeps to", async () => {
  await connectNumber(tenant.ctx, numberOf(1));
  const connection = await tenant.models.Connection.findById(new Types.ObjectId(tenant.connectionId)).lean();
  expect(connection?.messagesPerSecond).toBe(80);
});
