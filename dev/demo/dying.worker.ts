/** A worker that is killed (SIGKILL) in the middle of sending a message: after Meta took it, before it is noted here. */
import { createTenantContext } from "../../src/lib/context/create.context";
import { mintClientCode } from "../../src/lib/tenant/client.code";
import { withTenant } from "../../src/lib/tenant/tenant.registry";
import { dispatchEvents } from "../../src/services/saas/automation/dispatch.events";
import { sendStoredMessage } from "../../src/services/saas/whatsapp/send.message.service";

const [code = "", messageId = ""] = process.argv.slice(2);
const clientCode = mintClientCode(code);
const ctx = createTenantContext({
  clientCode,
  actor: { type: "system", id: "dying-worker" },
  requestId: "demo-crash",
  dispatch: dispatchEvents,
});

// Reached only when the fail-point was not: the demo then fails on how this process ended.
withTenant(clientCode, () => sendStoredMessage(ctx, messageId)).then(
  () => process.exit(0),
  (error: unknown) => {
    console.error(error);
    process.exit(1);
  },
);
