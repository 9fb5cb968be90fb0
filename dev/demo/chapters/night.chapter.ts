import { endOf, newLead, type Rule, runWhere, sentTemplate, writtenTo } from "../rule.watch";
import type { Lead, Story } from "../story";
import { DemoFailure, expectSame } from "../transcript";

const quarterMs = 15 * 60_000;

/** A lead who comes at night hears from us in the morning. */
export async function night(story: Story, rule: Rule): Promise<void> {
  const { say, world } = story;
  const evening = new Date((await world.now()).now);
  evening.setUTCHours(21, 30, 0, 0);
  const opening = new Date(evening);
  opening.setUTCDate(opening.getUTCDate() + 1);
  opening.setUTCHours(8, 0, 0, 0);
  let lead: Lead | undefined;
  await say.step(
    "a lead comes at half past nine in the evening: the welcome waits for the window",
    async () => {
      await world.moveTo(evening);
      lead = await newLead(story, "Dora", "+351912000203", "website");
      await runWhere(story, lead, rule, "the pause", ({ status }) => status === "waiting");
      await world.advance("PT2M");
      await world.drain();
      const run = await runWhere(story, lead, rule, "the wait", ({ wait }) => wait?.kind === "window");
      const late = new Date(run.dueAt ?? 0).getTime() - opening.getTime();
      if (late < 0 || late > quarterMs) throw new DemoFailure(`it would go out at ${run.dueAt}`);
      expectSame("messages", await writtenTo(story, lead), 0);
      return `run ${run.id}, ${run.wait?.reason}, until ${run.dueAt} (spread over the window's first quarter of an hour)`;
    },
  );
  await say.step("and goes out in the morning", async () => {
    if (!lead) throw new DemoFailure("there is no lead");
    await world.moveTo(new Date(opening.getTime() + quarterMs));
    await world.drain();
    const message = await sentTemplate(story, lead, "welcome");
    const run = await runWhere(story, lead, rule, "the end", ({ status }) => status === "completed");
    const sent = endOf(run, "hello");
    if (sent < opening) throw new DemoFailure(`it went out at ${sent.toISOString()}`);
    return `message ${message.id}: “${message.template?.rendered ?? ""}”, ${sent.toISOString()}`;
  });
}
