import { getCentralModels } from "../../../src/lib/db/get.central.models";
import {
  contactOf,
  customerMessage,
  numberOf,
  startWhatsApp,
  type WhatsAppStack,
  type WhatsAppTenant,
  webhookBody,
  whatsappTenant,
} from "./whatsapp.stack";

let stack: WhatsAppStack;
let tenant: WhatsAppTenant;

beforeAll(async () => {
  stack = await startWhatsApp();
  tenant = await whatsappTenant(stack, numberOf(1));
});
afterAll(() => stack.close());

test("a customer's text becomes a lead, a conversation and a message, and rules hear of it", async () => {
  tenant.events.length = 0;
  const message = customerMessage("447700900101", { text: { body: "Olá, José 👋" } });
  const answer = await stack.deliver(
    webhookBody(tenant.number, { contacts: [contactOf("447700900101", "Ana Souza")], messages: [message] }),
  );
  expect([answer.status, answer.json()]).toEqual([200, { stored: 1 }]);
  await stack.drain();

  const stored = await tenant.models.Message.findOne({ "provider.messageId": message.id }).lean();
  expect(stored).toMatchObject({ direction: "inbound", kind: "text", text: "Olá, José 👋", status: "received" });
  const lead = await tenant.models.Lead.findById(stored?.leadId).lean();
  expect(lead).toMatchObject({
    displayName: "Ana Souza",
    waId: "447700900101",
    phone: { e164: "+447700900101" },
    consent: { whatsapp: { optIn: true, source: "inbound" } },
  });
  const at = new Date(Number(message.timestamp) * 1000);
  const conversation = await tenant.models.Conversation.findById(stored?.conversationId).lean();
  expect(conversation).toMatchObject({
    status: "open",
    unreadCount: 1,
    lastInboundAt: at,
    windowExpiresAt: new Date(at.getTime() + 24 * 3_600_000),
    lastMessage: { preview: "Olá, José 👋", direction: "inbound" },
  });
  const types = tenant.events.map(({ type }) => type);
  expect(types).toEqual(expect.arrayContaining(["lead_created", "conversation_created", "message_received"]));
  // all that one message caused has one root
  expect(new Set(tenant.events.map(({ causation }) => causation.rootEventId)).size).toBe(1);
  expect(JSON.stringify(tenant.events)).not.toContain("José");
  const { Job } = await getCentralModels();
  expect(JSON.stringify(await Job.find({}).lean())).not.toContain("447700900101");
});
