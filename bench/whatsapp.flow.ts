/** The worker's part of WhatsApp: from webhook to stored message, and from stored message to Meta. Rules are off. */
import { handler } from "../functions/webhooks";
import { drainUntilIdle } from "../src/jobs/drain.until.idle";
import { createTenantContext } from "../src/lib/context/create.context";
import type { TenantContext } from "../src/lib/context/tenant.context";
import { centralConnection } from "../src/lib/db/central.connection";
import { getCrmModels } from "../src/lib/tenant/get.crm.model";
import { sendMessage } from "../src/services/saas/messaging/message.service";
import { connectNumber } from "../src/services/saas/whatsapp/connect.number.service";
import { makeTenant } from "./bench.tenant";
import type { Figure } from "./figure";
import { atOnce, timed } from "./measure";
import { benchNumber as number } from "./whatsapp.number";
import { delivery } from "./whatsapp.webhook";

const customers = 40;
const perCustomer = 4;
const side = 32;
/** Of the worker. */
const concurrency = 8;
const dispatch = async () => undefined;

export async function measureFlow(url: string): Promise<Figure[]> {
  await control(url, "/_sim/statuses", { steps: [] });
  const { clientCode } = await makeTenant("flow");
  const ctx = createTenantContext({
    clientCode,
    actor: { type: "system", id: "bench" },
    requestId: "req_bench",
    dispatch,
  });
  await connectNumber(ctx, number);
  // What the ingest left behind is not what is measured here.
  await (await centralConnection()).collection("jobs").deleteMany({});
  return [await storing(ctx), await sending(ctx, url)];
}

/** Webhooks come in while the worker turns them into leads, conversations and messages. */
async function storing(ctx: TenantContext): Promise<Figure> {
  const total = customers * perCustomer;
  const ms = await timed(async () => {
    let isOver = false;
    const ingest = atOnce(side, total, async (index) => {
      const from = `35191${2_000_000 + (index % customers)}`;
      await handler(delivery({ ...number, from, wamid: `wamid.flow-${index}` }));
    }).finally(() => {
      isOver = true;
    });
    while (!isOver) await workOff();
    await ingest;
    await workOff();
  });
  const { Message } = await getCrmModels(ctx.clientCode);
  const stored = await Message.countDocuments({ direction: "inbound" });
  if (stored !== total) throw new Error(`${stored} of ${total} messages were stored.`);
  return {
    what: `messages from webhook to stored, ${customers} customers, ${concurrency} jobs at once`,
    figure: perSecond(total, ms),
  };
}

/** Stored messages go out, in order in each conversation; beside it the same requests with nothing around them. */
async function sending(ctx: TenantContext, graphUrl: string): Promise<Figure> {
  const { Lead, Message } = await getCrmModels(ctx.clientCode);
  const leads = await Lead.find({}).lean();
  const total = leads.length * perCustomer;
  for (let round = 0; round < perCustomer; round += 1) {
    await atOnce(concurrency, leads.length, async (index) => {
      const leadId = leads[index]?._id.toHexString() ?? "";
      const content = { kind: "text" as const, text: "Hello!" };
      await sendMessage(ctx, { leadId, clientId: `bench-${round}-${index}`, content });
    });
  }
  const ms = await timed(workOff);
  const sent = await Message.countDocuments({ status: "sent" });
  if (sent !== total) throw new Error(`${sent} of ${total} messages were sent.`);
  const bare = await atOnce(concurrency, total, async (index) => {
    const answer = await fetch(`${graphUrl}/v24.0/${number.phoneNumberId}/messages`, {
      method: "POST",
      headers: { authorization: `Bearer ${number.token}`, "content-type": "application/json" },
      body: JSON.stringify({
        messaging_product: "whatsapp",
        to: `+35191${2_000_000 + (index % customers)}`,
        type: "text",
        text: { body: "Hello!" },
      }),
    });
    if (!answer.ok) throw new Error(`The fake Meta answered ${answer.status}: ${await answer.text()}`);
    await answer.arrayBuffer();
  });
  return {
    what: `messages from stored to sent, ${concurrency} jobs at once, beside bare requests`,
    figure: perSecond(total, ms),
    limit: perSecond(total, bare.ms),
  };
}

async function workOff(): Promise<void> {
  const { done } = await drainUntilIdle({ dispatch, concurrency, limitMs: 300_000 });
  if (!done) throw new Error("The queue was not empty after five minutes.");
}

const perSecond = (count: number, ms: number) => ({ value: Math.round((count * 1000) / ms), unit: "/s" });

async function control(graphUrl: string, path: string, body: unknown): Promise<void> {
  const answer = await fetch(graphUrl + path, { method: "POST", body: JSON.stringify(body) });
  if (!answer.ok) throw new Error(`${path} answered ${answer.status}: ${await answer.text()}`);
}
