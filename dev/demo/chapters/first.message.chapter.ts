import { pageSchema } from "../../../src/contracts/common.contract";
import { conversationSchema } from "../../../src/contracts/conversation.contract";
import { leadSchema } from "../../../src/contracts/lead.contract";
import { messageSchema } from "../../../src/contracts/message.contract";
import type { Lead, Story } from "../story";
import { DemoFailure, eventually, expectSame } from "../transcript";

const short = (wamid: string): string => `${wamid.slice(0, 24)}…`;

/** A new customer writes: lead, conversation, message. */
export async function firstMessage({ say, api, world, tenant, customer }: Story): Promise<Lead> {
  say.chapter("A new customer writes on WhatsApp");
  let wamid = "";
  await say.step("Meta signs the message and posts it to our webhook", async () => {
    const sent = await world.inbound({
      phoneNumberId: tenant.phoneNumberId,
      from: customer.phone,
      name: customer.name,
      type: "text",
      text: "Olá! Do you have a free appointment? 😀",
    });
    wamid = sent.wamid;
    return `message ${short(wamid)}, answered with ${sent.deliveries?.[0]?.status ?? "200"}`;
  });
  let lead: Lead | undefined;
  await say.step("a lead came of it", async () => {
    lead = await eventually("a lead with the customer's number", async () => {
      const page = await api.get(
        `/leads?phone=${encodeURIComponent(`+${customer.phone}`)}`,
        pageSchema(leadSchema),
      );
      return page.data[0];
    });
    expectSame("the lead's name", lead.displayName, customer.name);
    return `lead ${lead.id}: ${lead.displayName}, opted in by writing: ${lead.consent.whatsapp?.optIn ?? false}`;
  });
  if (!lead) throw new DemoFailure("there is no lead");
  const leadId = lead.id;
  await say.step("with a conversation and the message in it", async () => {
    const page = await api.get(`/conversations?leadId=${leadId}`, pageSchema(conversationSchema));
    const [conversation] = page.data;
    if (!conversation) throw new DemoFailure("the lead has no conversation");
    const messages = await api.get(`/conversations/${conversation.id}/messages`, pageSchema(messageSchema));
    const message = messages.data.find((each) => each.providerMessageId === wamid);
    if (!message) throw new DemoFailure("the message is not in the conversation");
    expectSame("direction", message.direction, "inbound");
    expectSame("text", message.text, "Olá! Do you have a free appointment? 😀");
    return `conversation ${conversation.id}, unread ${conversation.unreadCount}, window open until ${conversation.windowExpiresAt}`;
  });
  return lead;
}
