/** A day of traffic for two tenants, in order and in disorder. The long tests have longer days. */
import { expectSameEnd } from "./converge";
import { numberOf, startWhatsApp, type WhatsAppStack, whatsappTenant } from "./whatsapp.stack";

let stack: WhatsAppStack;
const numbers = [1, 2, 3, 4].map(numberOf);

beforeAll(async () => {
  stack = await startWhatsApp(numbers);
});
afterAll(() => stack.close());

test("a day of two tenants ends the same in order once, and shuffled, in batches, three times, in parallel", async () => {
  const [a, b, c, d] = await Promise.all(numbers.map((number) => whatsappTenant(stack, number)));
  if (!a || !b || !c || !d) throw new Error("There are four tenants.");
  const twins = [
    { inOrder: a, shuffled: c },
    { inOrder: b, shuffled: d },
  ];
  const { bodies } = await expectSameEnd(stack, twins, { seed: 20_261_123, people: 6, each: 4 });
  expect(bodies).toBeGreaterThan(55);
});
