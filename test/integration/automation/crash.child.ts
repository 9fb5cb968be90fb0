/** A process of its own that creates a lead or works jobs off, rules and all, and is killed at its fail-point. */
import { drainUntilIdle } from "../../../src/jobs/drain.until.idle";
import { createTenantContext } from "../../../src/lib/context/create.context";
import { mintClientCode } from "../../../src/lib/tenant/client.code";
import { dispatchEvents } from "../../../src/services/saas/automation/dispatch.events";
import { createLead } from "../../../src/services/saas/crm/lead.service";

const [work = "", clientCode = "", phone = ""] = process.argv.slice(2);

const works: Record<string, () => Promise<unknown>> = {
  lead: () =>
    createLead(
      createTenantContext({
        clientCode: mintClientCode(clientCode),
        actor: { type: "api_key", id: "child" },
        requestId: "req_child",
        dispatch: dispatchEvents,
      }),
      { firstName: "Ana", phone, consent: { whatsapp: { optIn: true } } },
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
