/** A process of its own that receives a webhook or works jobs off, and is killed at the fail-point it was started with. */
import { drainUntilIdle } from "../../../src/jobs/drain.until.idle";
import { dispatchEvents } from "../../../src/services/saas/automation/dispatch.events";
import { receiveWebhook } from "../../../src/services/saas/whatsapp/receive.webhook.service";

const [work = "", body = "", signature = ""] = process.argv.slice(2);

const run =
  work === "receive"
    ? receiveWebhook({
        rawBody: Buffer.from(body, "base64"),
        signature,
        endpointId: "default",
        reception: { receivedAt: new Date(), requestId: "req_child" },
      })
    : drainUntilIdle({ dispatch: dispatchEvents, limitMs: 20_000 });

// reached only when the fail-point was not: the parent then fails on the exit code
run.then(
  () => process.exit(0),
  (error: unknown) => {
    console.error(error);
    process.exit(1);
  },
);
