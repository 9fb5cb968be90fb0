/**
 * A process that receives and sends is killed amid its work; then what was acknowledged is held against what is there.
 * Used with few kills in every run, and with many in the long one.
 */
import { join } from "node:path";
import { Types, trusted } from "mongoose";
import * as z from "zod";
import { messageSchema } from "../../../src/contracts/message.contract";
import { getCentralModels } from "../../../src/lib/db/get.central.models";
import { processEnvironment } from "../../../src/lib/env/env";
import { sweepMessages } from "../../../src/services/saas/messaging/message.sweep.service";
import { sweepWebhookEvents } from "../../../src/services/saas/whatsapp/webhook.sweep.service";
import { endTransactionsOfTheDead } from "../../setup/dead.transactions";
import { runScriptFile } from "../../setup/run.script";
import {
  contactOf,
  customerMessage,
  type WhatsAppStack,
  type WhatsAppTenant,
  webhookBody,
} from "./whatsapp.stack";

const child = join(__dirname, "whatsapp.child.ts");

/** Fail-points that a drain of this load comes by. */
export const pointsUnderLoad = [
  "after-claim",
  "after-change-committed",
  "after-message-sending",
  "after-send-accepted",
  "before-complete",
] as const;

/** Runs a child until it is killed at a fail-point. @param at the fail-point, `:n` for its n-th time */
export async function killedAt(at: string, args: readonly string[]): Promise<void> {
  const result = await runScriptFile(child, args, processEnvironment({ FAILPOINT: at }));
  expect([at, result.signal, result.stderr]).toEqual([at, "SIGKILL", ""]);
}

/** Two minutes later: leases of the dead have run out, the sweep has passed, and the rest is worked off. */
export async function twoMinutesLater(
  stack: WhatsAppStack,
  tenants: readonly WhatsAppTenant[],
): Promise<void> {
  await endTransactionsOfTheDead();
  const { Job } = await getCentralModels();
  await Job.updateMany({ state: "running" }, { $set: { leaseUntil: new Date(Date.now() - 1_000) } });
  for (const { ctx } of tenants) {
    const later = { ...ctx, now: () => new Date(Date.now() + 120_000) };
    await sweepWebhookEvents(later);
    await sweepMessages(later);
  }
  await Job.updateMany({ state: "scheduled" }, { $set: { runAt: new Date(0) } });
  await stack.drain();
}

interface Acknowledged {
  readonly wamids: readonly string[];
  readonly sends: readonly string[];
}

/** Every customer writes twice, and is written to twice; none of it is worked off yet. */
async function load(
  stack: WhatsAppStack,
  tenant: WhatsAppTenant,
  conversations: ReadonlyMap<string, string>,
): Promise<Acknowledged> {
  const wamids: string[] = [];
  const sends: string[] = [];
  for (const [from, conversationId] of conversations) {
    for (let n = 0; n < 2; n += 1) {
      const message = customerMessage(from);
      const body = webhookBody(tenant.number, { contacts: [contactOf(from, from)], messages: [message] });
      expect((await stack.deliver(body)).status).toBe(200);
      wamids.push(message.id);
      const path = `/api/crm/conversations/${conversationId}/messages`;
      const answer = await tenant.api.post(path, { kind: "text", text: `Answer ${n}` });
      expect(answer.status).toBe(202);
      sends.push(answer.as(messageSchema).id);
    }
  }
  return { wamids, sends };
}

/** Conversations of customers whose window is open, by the customer's phone. */
export async function openConversations(
  stack: WhatsAppStack,
  tenant: WhatsAppTenant,
  phones: readonly string[],
): Promise<ReadonlyMap<string, string>> {
  const { phoneNumberId } = tenant.number;
  await stack.sim("/_sim/inbound", {
    batch: phones.map((from) => ({ phoneNumberId, from, name: from, type: "text", text: "Hello" })),
  });
  await stack.drain();
  const conversations = new Map<string, string>();
  for (const waId of phones) {
    const lead = await tenant.models.Lead.findOne({ waId }).orFail().lean();
    const conversation = await tenant.models.Conversation.findOne({ leadId: lead._id }).orFail().lean();
    conversations.set(waId, conversation._id.toHexString());
  }
  return conversations;
}

/** One kill amid the load, and the proof that nothing acknowledged was lost and nothing happened twice. */
export async function surviveKill(
  stack: WhatsAppStack,
  tenant: WhatsAppTenant,
  conversations: ReadonlyMap<string, string>,
  at: string,
): Promise<{ unknown: number }> {
  const acknowledged = await load(stack, tenant, conversations);
  await killedAt(at, ["drain"]);
  await twoMinutesLater(stack, [tenant]);
  await expectReceived(tenant, acknowledged.wamids);
  return expectSent(stack, tenant, acknowledged.sends);
}

async function expectReceived({ models }: WhatsAppTenant, wamids: readonly string[]): Promise<void> {
  for (const wamid of wamids) {
    const messages = await models.Message.find({ "provider.messageId": wamid }).lean();
    expect([wamid, messages.length]).toEqual([wamid, 1]);
    const messageId = messages[0]?._id.toHexString();
    const told = await models.Outbox.countDocuments({
      type: "message_received",
      "subject.messageId": messageId,
    });
    expect([wamid, told]).toEqual([wamid, 1]);
  }
  expect(await models.WebhookEvent.countDocuments({ state: trusted({ $in: ["received", "failed"] }) })).toBe(
    0,
  );
}

const acceptedSchema = z.object({
  body: z.object({ biz_opaque_callback_data: z.string() }),
  answer: z.object({ messages: z.array(z.object({ id: z.string() })) }),
});

/** Accepted by Meta at most once; sent, or unknown and on the review list; and settled as soon as a status comes. */
async function expectSent(
  stack: WhatsAppStack,
  { models, api }: WhatsAppTenant,
  ids: readonly string[],
): Promise<{ unknown: number }> {
  const accepted = new Map<string, string[]>();
  for (const send of await stack.sends()) {
    const { body, answer } = acceptedSchema.safeParse(send).data ?? {};
    if (!body || !answer) continue;
    const id = body.biz_opaque_callback_data;
    accepted.set(id, [...(accepted.get(id) ?? []), ...answer.messages.map((message) => message.id)]);
  }
  const rows = await models.Message.find({
    _id: trusted({ $in: ids.map((id) => new Types.ObjectId(id)) }),
  }).lean();
  expect(rows).toHaveLength(ids.length);
  const unknown = rows.filter(({ status }) => status === "unknown");
  for (const { _id, status } of rows) {
    const times = accepted.get(_id.toHexString())?.length ?? 0;
    // Sent means accepted once; unknown that Meta has it once or not at all.
    expect([status, times]).toEqual(status === "unknown" ? ["unknown", Math.min(times, 1)] : ["sent", 1]);
  }
  // A quarter of an hour later a person sees them.
  const longAgo = new Date(Date.now() - 16 * 60_000);
  const unknownIds = unknown.map(({ _id }) => _id);
  await models.Message.collection.updateMany({ _id: { $in: unknownIds } }, { $set: { updatedAt: longAgo } });
  const list = z.object({ data: z.array(messageSchema) });
  const listed = (await api.get("/api/crm/messages?limit=100")).as(list).data.map(({ id }) => id);
  for (const id of unknownIds) expect(listed).toContain(id.toHexString());

  for (const id of ids) {
    for (const wamid of accepted.get(id) ?? [])
      await stack.sim("/_sim/statuses/send", { wamid, status: "delivered" });
  }
  await stack.drain();
  for (const id of ids) {
    const row = await models.Message.findById(new Types.ObjectId(id)).lean();
    expect([id, row?.status]).toEqual([id, accepted.has(id) ? "delivered" : "unknown"]);
  }
  return { unknown: unknown.length };
}
