/** The kills of every run, many times over, at random moments of the same fail-points. */
import { randomFrom } from "../../../dev/replay/plan.deliveries";
import { openConversations, pointsUnderLoad, surviveKill } from "../../integration/whatsapp/kill.load";
import {
  numberOf,
  startWhatsApp,
  type WhatsAppStack,
  whatsappTenant,
} from "../../integration/whatsapp/whatsapp.stack";

jest.setTimeout(1_800_000);

const rounds = 8;
const seed = Math.floor(Math.random() * 2 ** 32);
let stack: WhatsAppStack;

beforeAll(async () => {
  stack = await startWhatsApp([numberOf(1)]);
});
afterAll(() => stack.close());

test(`killed ${rounds * pointsUnderLoad.length} times at random moments, nothing acknowledged is lost or done twice (seed ${seed})`, async () => {
  const random = randomFrom(seed);
  const tenant = await whatsappTenant(stack, numberOf(1));
  await stack.sim("/_sim/statuses", { steps: [] });
  const phones = Array.from({ length: 10 }, (_, n) => `4477009053${String(n).padStart(2, "0")}`);
  const conversations = await openConversations(stack, tenant, phones);
  let unknown = 0;
  for (let round = 0; round < rounds; round += 1) {
    for (const point of pointsUnderLoad) {
      const at = `${point}:${1 + Math.floor(random() * 12)}`;
      unknown += (await surviveKill(stack, tenant, conversations, at)).unknown;
    }
  }
  expect(unknown).toBeGreaterThan(0);
});
