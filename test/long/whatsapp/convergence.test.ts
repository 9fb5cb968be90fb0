/** Longer days of three tenants, with seeds of their own at every run. */
import { expectSameEnd } from "../../integration/whatsapp/converge";
import {
  numberOf,
  startWhatsApp,
  type WhatsAppStack,
  type WhatsAppTenant,
  whatsappTenant,
} from "../../integration/whatsapp/whatsapp.stack";

jest.setTimeout(900_000);

const numbers = [1, 2, 3, 4, 5, 6].map(numberOf);
const first = Math.floor(Math.random() * 2 ** 31);
let stack: WhatsAppStack;

beforeEach(async () => {
  stack = await startWhatsApp(numbers);
});
afterEach(() => stack.close());

test.each([first, first + 100, first + 200])(
  "a day of three tenants ends the same in any order and number (seed %d)",
  async (seed) => {
    const tenants: WhatsAppTenant[] = [];
    for (const number of numbers) tenants.push(await whatsappTenant(stack, number));
    const twins = [0, 1, 2].flatMap((index) => {
      const [inOrder, shuffled] = [tenants[index], tenants[index + 3]];
      return inOrder && shuffled ? [{ inOrder, shuffled }] : [];
    });
    await expectSameEnd(stack, twins, { seed, people: 18, each: 12 });
  },
);
