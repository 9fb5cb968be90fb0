/** Longer days of three tenants, with seeds of their own at every run. */
import { expectSameEnd } from "../../integration/whatsapp/converge";
import {
  numberOf,
  startWhatsApp,
  type WhatsAppStack,
  type WhatsAppTenant,
  whatsappTenant,
} from "../../integration/whatsapp/whatsapp.stack";

jest.setTimeout(1_800_000);

/** A number belongs to one client for good, so each day has numbers of its own. */
const days = 3;
const perDay = 6;
const numbers = Array.from({ length: days * perDay }, (_, index) => numberOf(index + 1));
const first = Math.floor(Math.random() * 2 ** 31);
let stack: WhatsAppStack;

beforeAll(async () => {
  stack = await startWhatsApp(numbers);
});
afterAll(() => stack.close());

test.each(Array.from({ length: days }, (_, day) => [day, first + 100 * day]))(
  "on day %d three tenants end the same in any order and number (seed %d)",
  async (day, seed) => {
    const tenants: WhatsAppTenant[] = [];
    for (const number of numbers.slice(day * perDay, (day + 1) * perDay))
      tenants.push(await whatsappTenant(stack, number));
    const twins = [0, 1, 2].flatMap((index) => {
      const [inOrder, shuffled] = [tenants[index], tenants[index + 3]];
      return inOrder && shuffled ? [{ inOrder, shuffled }] : [];
    });
    await expectSameEnd(stack, twins, { seed, people: 18, each: 12 });
  },
);
