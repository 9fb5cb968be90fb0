/** SIGKILL after a few of the writes of a run, and of the change and the queue around it; test/long takes every one. */
import {
  numberOf,
  startWhatsApp,
  type WhatsAppStack,
  type WhatsAppTenant,
  whatsappTenant,
} from "../whatsapp/whatsapp.stack";
import { countWrites, enableLongRule, expectToSurvive } from "./kill.after.writes";

const kills = 4;
let stack: WhatsAppStack;
let tenant: WhatsAppTenant;

beforeAll(async () => {
  stack = await startWhatsApp();
  tenant = await whatsappTenant(stack, numberOf(1));
  await stack.sim("/_sim/statuses", { steps: [] });
  await enableLongRule(tenant);
});
afterAll(() => stack.close());

test(`killed after any of ${kills} writes, a run ends as if nothing had happened`, async () => {
  const writes = await countWrites(tenant);
  const points = Array.from({ length: kills }, (_, n) => Math.round(((n + 0.7) * writes) / (kills + 1)));
  const { killed } = await expectToSurvive(stack, tenant, points);
  expect(killed).toBeGreaterThanOrEqual(kills - 1);
});
