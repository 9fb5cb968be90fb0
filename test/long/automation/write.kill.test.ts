/** SIGKILL after every single write of a run, of the change that caused it, and of the queue, several times over. */
import { countWrites, enableLongRule, expectToSurvive } from "../../integration/automation/kill.after.writes";
import {
  numberOf,
  startWhatsApp,
  type WhatsAppStack,
  type WhatsAppTenant,
  whatsappTenant,
} from "../../integration/whatsapp/whatsapp.stack";

jest.setTimeout(3_600_000);

const rounds = 4;
const perWave = 12;
let stack: WhatsAppStack;
let tenant: WhatsAppTenant;

beforeAll(async () => {
  stack = await startWhatsApp();
  tenant = await whatsappTenant(stack, numberOf(1));
  await stack.sim("/_sim/statuses", { steps: [] });
  await enableLongRule(tenant);
});
afterAll(() => stack.close());

test(`killed after every write, ${rounds} times over, a run ends as if nothing had happened`, async () => {
  const writes = await countWrites(tenant);
  const points = Array.from({ length: rounds * writes }, (_, n) => 1 + (n % writes));
  let killed = 0;
  for (let from = 0; from < points.length; from += perWave)
    killed += (await expectToSurvive(stack, tenant, points.slice(from, from + perWave))).killed;
  expect(killed).toBeGreaterThan(0.8 * points.length);
});
