/** Random stories, each told to its end by two tenants, and what must hold then. */
import fc from "fast-check";
import { dispatchEvents } from "../../../src/services/saas/automation/dispatch.events";
import { drainAll } from "../../setup/drain";
import { numberOf, startWhatsApp, whatsappTenant } from "../whatsapp/whatsapp.stack";
import { play, type Teller } from "./play.story";
import { stories } from "./random.rules";
import { expectInOrder, expectSound, readEnd, tellAgain, told } from "./story.end";

/** @param count how many stories. The seed is in the test's name: the same seed tells the same ones. */
export async function expectSoundStories({ seed, count }: { seed: number; count: number }): Promise<void> {
  const stack = await startWhatsApp();
  try {
    await stack.sim("/_sim/statuses", { steps: [] });
    const tellers: Teller[] = [];
    for (const number of [1, 2]) {
      const tenant = await whatsappTenant(stack, numberOf(number));
      tellers.push({ tenant, faulty: number === 2, ruleIds: [], leadIds: [] });
    }
    let effects = 0;
    const property = fc.asyncProperty(stories, async (story) => {
      await play(story, tellers);
      const versions: string[][] = [];
      for (const teller of tellers) {
        const end = await readEnd(teller);
        expectSound(story, teller, end);
        if (!teller.faulty) expectInOrder(end);
        await tellAgain(teller, end);
        await drainAll(dispatchEvents);
        const again = await readEnd(teller);
        expect(told(teller, again)).toEqual(told(teller, end));
        expect(again.decisions).toHaveLength(end.decisions.length);
        versions.push(told(teller, end));
        effects += end.effects.length;
        await forget(teller);
      }
      expect(versions[1]).toEqual(versions[0]);
    });
    await fc.assert(property, { seed, numRuns: count, endOnFailure: true });
    expect(effects).toBeGreaterThan(count);
    await expectSentOnce(stack, tellers);
  } finally {
    await stack.close();
  }
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
async function expectSentOnce(
  stack: Awaited<ReturnType<typeof startWhatsApp>>,
  tellers: readonly Teller[],
): Promise<void> {
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
