/** SIGKILL at the named points of receiving and sending, in real processes, and what is found afterwards. */
import { createHmac } from "node:crypto";
import { Types } from "mongoose";
import { messageSchema } from "../../../src/contracts/message.contract";
import { getCentralModels } from "../../../src/lib/db/get.central.models";
import { env } from "../../../src/lib/env/env";
import {
  killedAt,
  twoMinutesLater as later,
  openConversations,
  pointsUnderLoad,
  surviveKill,
} from "./kill.load";
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
  stack = await startWhatsApp([numberOf(1)]);
  tenant = await whatsappTenant(stack, numberOf(1));
});
afterAll(() => stack.close());

function receiveArgs(body: unknown): string[] {
  const bytes = Buffer.from(JSON.stringify(body));
  const signature = createHmac("sha256", env().WHATSAPP_APP_SECRET).update(bytes).digest("hex");
  return ["receive", bytes.toString("base64"), `sha256=${signature}`];
}

const twoMinutesLater = () => later(stack, [tenant]);

async function received(wamid: string): Promise<void> {
  const { Message, Conversation, Outbox } = tenant.models;
  const messages = await Message.find({ "provider.messageId": wamid }).lean();
  expect(messages).toHaveLength(1);
  const conversation = await Conversation.findById(messages[0]?.conversationId).lean();
  expect(conversation?.unreadCount).toBe(1);
  const messageId = messages[0]?._id.toHexString();
  expect(await Outbox.countDocuments({ type: "message_received", "subject.messageId": messageId })).toBe(1);
}

describe("receiving", () => {
  test("killed between storing and enqueueing, the sweep finds the message", async () => {
    const message = customerMessage("447700905001");
    const body = webhookBody(tenant.number, {
      contacts: [contactOf("447700905001", "A")],
      messages: [message],
    });
    await killedAt("after-raw-stored", receiveArgs(body));
    const { Job, TenantActivity } = await getCentralModels();
    expect(await Job.countDocuments({ type: "whatsapp.inbound", state: "waiting" })).toBe(0);
    expect(await TenantActivity.countDocuments({ clientCode: tenant.ctx.clientCode })).toBeGreaterThan(0);
    await twoMinutesLater();
    await received(message.id);
  });

  test("killed between storing and enqueueing, Meta's repetition alone is enough", async () => {
    const message = customerMessage("447700905002");
    const body = webhookBody(tenant.number, {
      contacts: [contactOf("447700905002", "B")],
      messages: [message],
    });
    await killedAt("after-raw-stored", receiveArgs(body));
    expect((await stack.deliver(body)).status).toBe(200);
    await stack.drain();
    await received(message.id);
  });

  test.each(["after-claim", "after-change-committed", "before-complete"])(
    "killed at %s, the message is there once and rules are told once",
    async (failpoint) => {
      const from = `44770090501${failpoint.length % 10}`;
      const message = customerMessage(from);
      await stack.deliver(
        webhookBody(tenant.number, { contacts: [contactOf(from, "C")], messages: [message] }),
      );
      await killedAt(failpoint, ["drain"]);
      await twoMinutesLater();
      expect(await tenant.models.Message.countDocuments({ "provider.messageId": message.id })).toBe(1);
      await received(message.id);
    },
  );
});

describe("sending", () => {
  let conversationId: string;
  const phone = "447700905101";

  beforeAll(async () => {
    await stack.sim("/_sim/statuses", { steps: [] });
    await stack.sim("/_sim/inbound", {
      phoneNumberId: tenant.number.phoneNumberId,
      from: phone,
      name: "D",
      type: "text",
      text: "Hello",
    });
    await stack.drain();
    const lead = await tenant.models.Lead.findOne({ waId: phone }).lean();
    const conversation = await tenant.models.Conversation.findOne({ leadId: lead?._id }).lean();
    conversationId = conversation?._id.toHexString() ?? "";
  });

  async function queued(text: string): Promise<string> {
    const path = `/api/crm/conversations/${conversationId}/messages`;
    const answer = await tenant.api.post(path, { kind: "text", text });
    expect(answer.status).toBe(202);
    return answer.as(messageSchema).id;
  }

  async function sendsOf(id: string): Promise<number> {
    return (await stack.sends(phone)).filter(({ body }) => body.biz_opaque_callback_data === id).length;
  }

  const stored = (id: string) => tenant.models.Message.findById(new Types.ObjectId(id)).lean();

  test("killed after the claim, before anything, it is sent once", async () => {
    const id = await queued("after-claim");
    await killedAt("after-claim", ["drain"]);
    await twoMinutesLater();
    expect([(await stored(id))?.status, await sendsOf(id)]).toEqual(["sent", 1]);
  });

  test("killed before Meta was called, it is unknown and is not sent behind anybody's back", async () => {
    const id = await queued("after-message-sending");
    await killedAt("after-message-sending", ["drain"]);
    await twoMinutesLater();
    expect([(await stored(id))?.status, await sendsOf(id)]).toEqual(["unknown", 0]);
  });

  test("killed between Meta's acceptance and our record of it, its status settles it", async () => {
    const id = await queued("after-send-accepted");
    await killedAt("after-send-accepted", ["drain"]);
    await twoMinutesLater();
    expect([(await stored(id))?.status, await sendsOf(id)]).toEqual(["unknown", 1]);
    const [sent] = (await stack.sends(phone)).filter(({ body }) => body.biz_opaque_callback_data === id);
    const wamid = String(Object(Object(sent).answer).messages[0].id);
    await stack.sim("/_sim/statuses/send", { wamid, status: "delivered" });
    await stack.drain();
    expect(await stored(id)).toMatchObject({ status: "delivered", provider: { messageId: wamid } });
    expect(await sendsOf(id)).toBe(1);
  });

  test("killed between storing a message and enqueueing it, the sweep has it sent", async () => {
    await killedAt("after-message-queued", ["send", tenant.ctx.clientCode, conversationId]);
    const message = await tenant.models.Message.findOne({ clientId: "killed" }).lean();
    expect(message?.status).toBe("queued");
    const id = message?._id.toHexString() ?? "";
    const { Job } = await getCentralModels();
    expect(await Job.countDocuments({ activeKey: id })).toBe(0);
    await twoMinutesLater();
    expect([(await stored(id))?.status, await sendsOf(id)]).toEqual(["sent", 1]);
  });
});

describe("receiving and sending side by side, amid the work", () => {
  let conversations: ReadonlyMap<string, string>;

  beforeAll(async () => {
    await stack.sim("/_sim/statuses", { steps: [] });
    const phones = ["447700905201", "447700905202", "447700905203"];
    conversations = await openConversations(stack, tenant, phones);
  });

  test.each(pointsUnderLoad)(
    "killed at %s, every webhook is processed once, every send is taken at most once, and every unknown is settled by its status",
    async (point) => {
      const { unknown } = await surviveKill(stack, tenant, conversations, `${point}:3`);
      const isAmidSend = point === "after-message-sending" || point === "after-send-accepted";
      expect(unknown > 0 || !isAmidSend).toBe(true);
    },
  );
});
