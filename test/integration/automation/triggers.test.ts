/** Each trigger of the catalogue starts its rule once when its cause is there, and not for what only comes close. */

import { now } from "../../../src/lib/clock/clock";
import { getCentralModels } from "../../../src/lib/db/get.central.models";
import { toCrmEvent } from "../../../src/lib/tenant/commit.change";
import { createRule } from "../../../src/services/saas/automation/automation.service";
import { dispatchEvents } from "../../../src/services/saas/automation/dispatch.events";
import { ruleDefinitionSchema } from "../../../src/services/saas/automation/rule.contract";
import { triggerNames } from "../../../src/services/saas/automation/triggers";
import { createCustomField } from "../../../src/services/saas/crm/custom.field.service";
import { drainAll } from "../../setup/drain";
import {
  numberOf,
  startWhatsApp,
  type WhatsAppStack,
  type WhatsAppTenant,
  whatsappTenant,
} from "../whatsapp/whatsapp.stack";
import { inTwoHours, triggerCases, World } from "./trigger.cases";

let stack: WhatsAppStack;
let tenant: WhatsAppTenant;

beforeAll(async () => {
  stack = await startWhatsApp();
  tenant = await whatsappTenant(stack, numberOf(1));
  await stack.sim("/_sim/statuses", { steps: [] });
  const { User } = await getCentralModels();
  for (const key of ["maria", "joao"]) {
    const person = { key, name: key, emailLower: `${key}@acme.example`, createdAt: now(), updatedAt: now() };
    await User.create({ clientCode: tenant.ctx.clientCode, ...person });
  }
  await createCustomField(tenant.ctx, { key: "renewal", name: "Renewal", type: "date", filterable: false });
});
afterEach(async () => {
  await tenant.models.AutomationRule.deleteMany({});
  await tenant.models.AutomationRun.deleteMany({});
  await tenant.models.Lead.deleteMany({});
});
afterAll(() => stack.close());

test("every trigger of the catalogue has a case", () => {
  expect(Object.keys(triggerCases).sort()).toEqual([...triggerNames, "external_event:order_paid"].sort());
});

test.each(Object.entries(triggerCases))("%s starts a rule once, by its cause", async (event, given) => {
  let ruleId = "";
  const world = new World(stack, tenant, () => ruleId);
  await world.born();
  await given.before?.(world);
  const settings = event === "schedule" ? { at: inTwoHours() } : given.settings;
  const definition = ruleDefinitionSchema.parse({
    trigger: { event, ...settings },
    steps: [{ id: "end", type: "exit" }],
  });
  const before = await tenant.models.Outbox.countDocuments({});
  ruleId = (await createRule(world.ctx, { name: event, definition, enabled: true })).id;
  const started = () => tenant.models.AutomationRun.countDocuments({ ruleId });

  await given.nearMiss(world);
  expect(await started()).toBe(0);

  await given.cause(world);
  await drainAll(dispatchEvents);
  expect(await started()).toBe(1);

  // Told again, as after a crash, it is no other cause.
  const log = await tenant.models.Outbox.find({}).sort({ seq: 1 }).skip(before).lean();
  await dispatchEvents(world.ctx, log.map(toCrmEvent));
  const runs = await tenant.models.AutomationRun.find({ ruleId }).lean();
  expect(runs.map(({ status, leadId }) => [status, leadId.toHexString()])).toEqual([
    ["completed", world.leadId],
  ]);
});
