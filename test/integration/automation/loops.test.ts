/** Rules that set each other off: through our own data and through messages, and where each chain is stopped. */
import { moveClock, now } from "../../../src/lib/clock/clock";
import { createTenantContext } from "../../../src/lib/context/create.context";
import type { TenantContext } from "../../../src/lib/context/tenant.context";
import { createRule } from "../../../src/services/saas/automation/automation.service";
import { dispatchEvents } from "../../../src/services/saas/automation/dispatch.events";
import { ruleDefinitionSchema } from "../../../src/services/saas/automation/rule.contract";
import { addTags, createLead } from "../../../src/services/saas/crm/lead.service";
import { sendMessage } from "../../../src/services/saas/messaging/message.service";
import { drainAll } from "../../setup/drain";
import {
  numberOf,
  startWhatsApp,
  type WhatsAppStack,
  type WhatsAppTenant,
  whatsappTenant,
} from "../whatsapp/whatsapp.stack";

let stack: WhatsAppStack;
let tenant: WhatsAppTenant;
let people = 0;
let texts = 0;

const contextOf = (): TenantContext =>
  createTenantContext({
    clientCode: tenant.ctx.clientCode,
    actor: { type: "user", id: "tester" },
    requestId: "test-request",
    dispatch: dispatchEvents,
  });
const ruleOf = async (definition: object) => {
  const parsed = ruleDefinitionSchema.parse(definition);
  return (await createRule(contextOf(), { name: "rule", definition: parsed, enabled: true })).id;
};
const newLead = () => {
  people += 1;
  return createLead(contextOf(), {
    firstName: "Ana",
    phone: `+4477009040${String(people).padStart(2, "0")}`,
    consent: { whatsapp: { optIn: true } },
  });
};
type Lead = Awaited<ReturnType<typeof newLead>>;
const later = async (byMs: number) => {
  await moveClock({ byMs });
  await drainAll(dispatchEvents);
};
/** The customer writes, which also opens the window for texts. */
const writes = async (lead: Lead) => {
  await moveClock({ byMs: 1_500 });
  await stack.sim("/_sim/inbound", {
    phoneNumberId: tenant.number.phoneNumberId,
    from: lead.phone?.slice(1),
    name: "Ana",
    type: "text",
    text: "Hello",
  });
  await drainAll(dispatchEvents);
};
/** One of us writes. */
const says = async (lead: Lead, text: string) => {
  texts += 1;
  await sendMessage(contextOf(), {
    leadId: lead.id,
    clientId: `text-${texts}`,
    content: { kind: "text", text },
  });
  await drainAll(dispatchEvents);
};
/** Our last message is delivered. */
const arrives = async ({ id }: Lead) => {
  const last = await tenant.models.Message.findOne({ leadId: id, direction: "outbound" })
    .sort({ _id: -1 })
    .orFail()
    .lean();
  await stack.sim("/_sim/statuses/send", { wamid: last.provider.messageId, status: "delivered" });
  await drainAll(dispatchEvents);
};
const sentTo = async ({ id }: Lead) =>
  (await tenant.models.Message.find({ leadId: id, direction: "outbound" }).sort({ _id: 1 }).lean()).map(
    ({ text }) => text,
  );
const decisionsOf = async (ruleId: string) =>
  (await tenant.models.AutomationDecision.find({ ruleId }).sort({ at: 1, _id: 1 }).lean()).map(
    ({ outcome, reason }) => [outcome, reason],
  );
/** What a rule says when it hears something, and whether it may answer itself. */
const answering = (heard: string, text: string, more: object = {}) => ({
  trigger: { event: "message_sent", filter: { field: "message.text", op: "equals", value: heard } },
  steps: [{ id: "say", type: "send_message", text }],
  ...more,
});
const ownDoing = ["loop_chain", expect.stringMatching(/allowSelf/)];

beforeAll(async () => {
  stack = await startWhatsApp();
  tenant = await whatsappTenant(stack, numberOf(1));
  await stack.sim("/_sim/statuses", { steps: [] });
});
afterEach(async () => {
  await tenant.models.AutomationRule.deleteMany({});
});
afterAll(() => stack.close());

test("a rule that writes whenever we write is stopped by its own message, with the reason", async () => {
  const lead = await newLead();
  await writes(lead);
  const ruleId = await ruleOf({
    trigger: { event: "message_sent" },
    steps: [{ id: "say", type: "send_message", text: "And another thing" }],
  });
  await says(lead, "Hi");
  expect(await sentTo(lead)).toEqual(["Hi", "And another thing"]);
  expect(await decisionsOf(ruleId)).toEqual([["enrolled", null], ownDoing]);
  const told = await tenant.models.Outbox.find({ "causation.ruleIds": ruleId }).lean();
  expect(told.map(({ type }) => type).sort()).toEqual(["message_queued", "message_sent"]);
  for (const { causation } of told) expect(causation).toMatchObject({ depth: 1, ruleIds: [ruleId] });

  // What the lead does then is a happening of its own.
  await writes(lead);
  const reply = await tenant.models.Outbox.findOne({ type: "message_received" }).sort({ seq: -1 }).lean();
  expect(reply?.causation).toMatchObject({ depth: 0, ruleIds: [] });
});

test("a rule that writes on what becomes of its messages is stopped too", async () => {
  const lead = await newLead();
  await writes(lead);
  const ruleId = await ruleOf({
    trigger: { event: "message_status", status: "delivered" },
    steps: [{ id: "say", type: "send_message", text: "You have got it" }],
  });
  await says(lead, "Hi");
  await arrives(lead);
  expect(await sentTo(lead)).toEqual(["Hi", "You have got it"]);
  await arrives(lead);
  expect(await sentTo(lead)).toEqual(["Hi", "You have got it"]);
  expect(await decisionsOf(ruleId)).toEqual([["enrolled", null], ownDoing]);
});

test("two rules that answer each other stop where the first one would follow from itself", async () => {
  const lead = await newLead();
  await writes(lead);
  const ping = await ruleOf(answering("pong", "ping"));
  const pong = await ruleOf(answering("ping", "pong"));
  await says(lead, "pong");
  expect(await sentTo(lead)).toEqual(["pong", "ping", "pong"]);
  expect((await decisionsOf(ping)).filter(([outcome]) => outcome !== "not_matched")).toEqual([
    ["enrolled", null],
    ownDoing,
  ]);
  expect((await decisionsOf(pong)).filter(([outcome]) => outcome !== "not_matched")).toEqual([
    ["enrolled", null],
  ]);
});

test("rules that may follow from themselves stop by the length of their chain", async () => {
  const lead = await newLead();
  await writes(lead);
  const ping = await ruleOf(answering("pong", "ping", { allowSelf: true }));
  await ruleOf(answering("ping", "pong", { allowSelf: true }));
  await says(lead, "pong");
  expect(await sentTo(lead)).toEqual(["pong", "ping", "pong", "ping", "pong", "ping", "pong"]);
  expect((await decisionsOf(ping)).at(-1)).toEqual(["loop_depth", expect.stringMatching(/in a row/)]);
});

test("a reminder of silence is no new silence: it goes out once, until one of us writes again", async () => {
  const lead = await newLead();
  await writes(lead);
  const ruleId = await ruleOf({
    trigger: { event: "no_reply", after: "PT1H" },
    steps: [{ id: "say", type: "send_message", text: "Are you there?" }],
  });
  await says(lead, "Hi");
  for (let hours = 0; hours < 2; hours += 1) await later(61 * 60_000);
  expect(await sentTo(lead)).toEqual(["Hi", "Are you there?"]);
  expect(await decisionsOf(ruleId)).toEqual([["enrolled", null], ownDoing]);
  await says(lead, "Hello again");
  await later(61 * 60_000);
  expect(await sentTo(lead)).toEqual(["Hi", "Are you there?", "Hello again", "Are you there?"]);
});

test("notes, tasks, meetings and moves of a run carry the rules that led to them", async () => {
  const first = await ruleOf({
    trigger: { event: "tag_added", tag: "go" },
    steps: [{ id: "t", type: "add_tag", tag: "gone" }],
  });
  const second = await ruleOf({
    trigger: { event: "tag_added", tag: "gone" },
    steps: [
      { id: "n", type: "add_note", text: "Went" },
      { id: "t", type: "create_task", title: "Look" },
      { id: "m", type: "create_meeting", title: "Call", startsAt: now().toISOString() },
      { id: "u", type: "update_lead", fields: { company: "Sol" } },
      { id: "s", type: "move_stage", stageKey: "qualified" },
    ],
  });
  const lead = await newLead();
  await addTags(contextOf(), { id: lead.id, tags: ["go"] });
  await drainAll(dispatchEvents);
  const done = await tenant.models.Outbox.find({ "causation.ruleIds": second }).lean();
  expect(new Set(done.map(({ type }) => type))).toEqual(
    new Set(["note_added", "task_created", "meeting_created", "lead_updated", "stage_exit", "stage_enter"]),
  );
  for (const { causation } of done) expect(causation).toMatchObject({ depth: 2, ruleIds: [first, second] });
});
