/** Random stories, each told to its end by two tenants, and what must hold then. */
import fc from "fast-check";
import { dispatchEvents } from "../../../src/services/saas/automation/dispatch.events";
import { drainAll } from "../../setup/drain";
import { numberOf, startWhatsApp, type WhatsAppStack, whatsappTenant } from "../whatsapp/whatsapp.stack";
import { courseOf, play, type Teller } from "./play.story";
import { type Story, stories } from "./random.rules";
import { expectAsForeseen, expectInOrder, expectSound, readEnd, tellAgain, told } from "./story.end";
import { type ExpectedRun, expectedOf, PhotoFinish } from "./story.model";

/** @param count how many stories. The seed is in the test's name: the same seed tells the same ones. */
export async function expectSoundStories({
  seed,
  count,
  path,
}: {
  seed: number;
  count: number;
  path?: string;
}): Promise<void> {
  const stack = await startWhatsApp();
  try {
    await stack.sim("/_sim/statuses", { steps: [] });
    const tellers: Teller[] = [];
    for (const number of [1, 2]) {
      const tenant = await whatsappTenant(stack, numberOf(number));
      tellers.push({ tenant, faulty: number === 2, ruleIds: [], leads: [], stages: [] });
    }
    let effects = 0;
    const property = fc.asyncProperty(stories, async (story) => {
      effects += await expectSoundStory(stack, story, tellers);
    });
    await fc.assert(property, { seed, numRuns: count, endOnFailure: true, ...(path ? { path } : {}) });
    if (!path) expect(effects).toBeGreaterThan(count);
    await expectSentOnce(stack, tellers);
  } finally {
    await stack.close();
  }
}

/** @returns how much the rules of the story did. */
async function expectSoundStory(
  stack: WhatsAppStack,
  story: Story,
  tellers: readonly Teller[],
): Promise<number> {
  const course = courseOf(story);
  const foreseen = (teller: Teller) => expectedOf(story, course, teller.faulty ? "some_late" : "at_once");
  let expected: ExpectedRun[][];
  try {
    expected = tellers.map(foreseen);
  } catch (error) {
    if (error instanceof PhotoFinish) return 0;
    throw error;
  }
  await play(stack, story, course, tellers);
  let effects = 0;
  for (const [index, teller] of tellers.entries()) {
    const end = await readEnd(teller);
    expectSound(story, course, teller, end);
    // With a cap, which of two runs writes first depends on where the spread puts them.
    if (story.cap === null) expectAsForeseen(teller, end, expected[index] ?? []);
    if (!teller.faulty) expectInOrder(end);
    await tellAgain(teller, end);
    await drainAll(dispatchEvents);
    const again = await readEnd(teller);
    expect(told(teller, again)).toEqual(told(teller, end));
    expect(again.decisions).toHaveLength(end.decisions.length);
    effects += end.effects.length;
    await forget(teller);
  }
  return effects;
}

async function forget({ tenant }: Teller): Promise<void> {
  const { AutomationRule, AutomationRun, AutomationVersion, Outbox } = tenant.models;
  await Promise.all([
    AutomationRule.deleteMany({}),
    AutomationRun.deleteMany({}),
    AutomationVersion.deleteMany({}),
    Outbox.deleteMany({}),
  ]);
}

/** Every message of the rules reached the customer's phone once. */
async function expectSentOnce(stack: WhatsAppStack, tellers: readonly Teller[]): Promise<void> {
  const sent = (await stack.sends()).map(({ body }) => String(body.biz_opaque_callback_data));
  const rows = await Promise.all(
    tellers.map(({ tenant }) => tenant.models.Message.find({ direction: "outbound" }).lean()),
  );
  expect(sent.sort()).toEqual(
    rows
      .flat()
      .map(({ _id }) => _id.toHexString())
      .sort(),
  );
}
