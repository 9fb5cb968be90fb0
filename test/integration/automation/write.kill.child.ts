/**
 * A process of its own that makes a lead and works the queue off, and kills itself after so many writes reached the
 * server; at its end at the latest. It prints how many there were.
 */
import { drainUntilIdle } from "../../../src/jobs/drain.until.idle";
import { createTenantContext } from "../../../src/lib/context/create.context";
import { centralConnection } from "../../../src/lib/db/central.connection";
import { mintClientCode } from "../../../src/lib/tenant/client.code";
import { dispatchEvents } from "../../../src/services/saas/automation/dispatch.events";
import { createLead } from "../../../src/services/saas/crm/lead.service";

const [clientCode = "", phone = "", killAfter = ""] = process.argv.slice(2);
const writing = new Set(["insert", "update", "delete", "findAndModify", "commitTransaction"]);

async function main(): Promise<void> {
  let writes = 0;
  // Tenants of one cluster share its client with the central database.
  const client = (await centralConnection()).getClient();
  if (!client.options.monitorCommands) throw new Error("This process cannot see its commands.");
  client.on("commandSucceeded", ({ commandName }) => {
    if (!writing.has(commandName)) return;
    writes += 1;
    if (writes >= Number(killAfter)) process.kill(process.pid, "SIGKILL");
  });
  const ctx = createTenantContext({
    clientCode: mintClientCode(clientCode),
    actor: { type: "api_key", id: "child" },
    requestId: "req_child",
    dispatch: dispatchEvents,
  });
  const consent = { whatsapp: { optIn: true } };
  await createLead(ctx, { firstName: "Ana", phone, consent });
  await drainUntilIdle({ dispatch: dispatchEvents, limitMs: 30_000 });
  process.stdout.write(`${writes}\n`);
}

main().then(
  () => process.exit(0),
  (error: unknown) => {
    console.error(error);
    process.exit(1);
  },
);
