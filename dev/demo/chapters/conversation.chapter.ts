import * as z from "zod";
import { messageSchema } from "../../../src/contracts/message.contract";
import { type Lead, type Message, messageWhere, type Story } from "../story";
import { DemoFailure, expectSame } from "../transcript";

/** Reply buttons, which the customer presses, and a reaction. */
export async function conversation(story: Story, lead: Lead): Promise<void> {
  const { say, api, world, tenant, customer } = story;
  say.chapter("Buttons, and a reaction");
  const from = { phoneNumberId: tenant.phoneNumberId, from: customer.phone, name: customer.name };
  let asked: Message | undefined;
  await say.step("POST /api/crm/leads/{id}/messages with two reply buttons", async () => {
    const buttons = [
      { id: "morning", title: "Morning" },
      { id: "afternoon", title: "Afternoon" },
    ];
    const interactive = { type: "buttons", body: "When would you like to come?", buttons };
    const { id } = await api.post(
      `/leads/${lead.id}/messages`,
      { kind: "interactive", interactive },
      messageSchema,
    );
    asked = await messageWhere(story, lead, "the question to be sent", (each) => isUnderway(each, id));
    return `message ${id}: “${asked.text ?? interactive.body}” [Morning] [Afternoon], ${asked.status}`;
  });
  const question = asked?.providerMessageId;
  if (!question) throw new DemoFailure("the question has no id of Meta's");
  await say.step("the customer presses one", async () => {
    const { wamid } = await world.inbound({
      ...from,
      type: "interactive",
      reply: { kind: "button", id: "afternoon", title: "Afternoon" },
      context: { messageId: question },
    });
    const pressed = await messageWhere(story, lead, "the answer", (each) => each.providerMessageId === wamid);
    expectSame("text", pressed.text, "Afternoon");
    expectSame("answer to", pressed.replyToProviderId, question);
    return `message ${pressed.id}: “${pressed.text}”, an answer to the question`;
  });
  await say.step("and likes the question", async () => {
    await world.inbound({ ...from, type: "reaction", reaction: { messageId: question, emoji: "👍" } });
    const liked = await messageWhere(
      story,
      lead,
      "the reaction",
      (each) => each.providerMessageId === question && each.reactions.length > 0,
    );
    expectSame("reaction", liked.reactions[0]?.emoji, "👍");
    return `message ${liked.id}: ${liked.reactions.map(({ emoji, from: who }) => `${emoji} of the ${who}`).join(", ")}`;
  });
  await failure(story, lead);
}

const isUnderway = (message: Message, id: string): boolean =>
  message.id === id && ["sent", "delivered", "read"].includes(message.status);

const faults = z.looseObject({});

/** A message that WhatsApp does not take, and why, for people. */
async function failure(story: Story, lead: Lead): Promise<void> {
  const { say, api, world, customer } = story;
  await say.step(
    "a message that WhatsApp cannot deliver fails with a sentence people understand",
    async () => {
      const to = `+${customer.phone}`;
      await world.sim("/faults", { match: { path: "messages$", to }, code: 131_026, times: 1 }, faults);
      const text = { kind: "text", text: "This one does not arrive." };
      const { id } = await api.post(`/leads/${lead.id}/messages`, text, messageSchema);
      const failed = await messageWhere(
        story,
        lead,
        "the failure",
        (each) => each.id === id && each.status === "failed",
      );
      expectSame("code", failed.error?.code, 131_026);
      return `message ${id}: ${failed.error?.code} ${failed.error?.title}: ${failed.error?.explanation}`;
    },
  );
}
