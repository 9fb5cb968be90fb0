/** A process of its own that receives a webhook, stores a message or works jobs off, and is killed at the fail-point it was started with. */
import { drainUntilIdle } from "../../../src/jobs/drain.until.idle";
import { createTenantContext } from "../../../src/lib/context/create.context";
import { mintClientCode } from "../../../src/lib/tenant/client.code";
import { dispatchEvents } from "../../../src/services/saas/automation/dispatch.events";
import { sendMessage } from "../../../src/services/saas/messaging/message.service";
import { receiveWebhook } from "../../../src/services/saas/whatsapp/receive.webhook.service";

const [work = "", first = "", second = ""] = process.argv.slice(2);

const works: Record<string, () => Promise<unknown>> = {
  receive: () =>
    receiveWebhook({
      rawBody: Buffer.from(first, "base64"),
      signature: second,
      endpointId: "default",
      reception: { receivedAt: new Date(), requestId: "req_child" },
    }),
  send: () =>
    sendMessage(
      createTenantContext({
        clientCode: mintClientCode(first),
        actor: { type: "api_key", id: "child" },
        requestId: "req_child",
        dispatch: async () => undefined,
      }),
      { conversationId: second, clientId: "killed", content: { kind: "text", text: "killed" } },
    ),
  drain: () => drainUntilIdle({ dispatch: dispatchEvents, limitMs: 20_000 }),
};
const run = works[work]?.() ?? Promise.reject(new Error(`There is no work called ${work}.`));

// reached only when the fail-point was not: the parent then fails on the exit code
run.then(
  () => process.exit(0),
  (error: unknown) => {
    console.error(error);
    process.exit(1);
  },
);
