import { setTimeout as sleep } from "node:timers/promises";
import { endOf, newLead, type Rule, runWhere, sentTemplate, writtenTo } from "../rule.watch";
import type { Lead, Story } from "../story";
import { DemoFailure, expectSame } from "../transcript";

/** The fake Meta looks at the clock every so often; what the customer writes must carry the time it is now. */
const clockFollowsMs = 1_500;
const pauseMs = 2 * 60_000;

/** The welcome after two minutes, which a customer's own words make needless. */
export async function silence(story: Story, rule: Rule): Promise<void> {
  const { say, world, tenant } = story;
  let quiet: Lead | undefined;
  let talking: Lead | undefined;
  await say.step(
    "two leads come from the website; one of them writes, and their welcome is off",
    async () => {
      quiet = await newLead(story, "Bruno", "+351912000201", "website");
      talking = await newLead(story, "Carla", "+351912000202", "website");
      for (const lead of [quiet, talking])
        await runWhere(story, lead, rule, "the pause", ({ status }) => status === "waiting");
      await world.advance("PT30S");
      await sleep(clockFollowsMs);
      await world.inbound({
        phoneNumberId: tenant.phoneNumberId,
        from: "351912000202",
        name: "Carla",
        type: "text",
        text: "Hello, what does it cost?",
      });
      const run = await runWhere(story, talking, rule, "the exit", ({ status }) => status === "exited");
      expectSame("why it ended", run.exitReason, "message_received");
      return `run ${run.id} exited at ${run.endedAt}: ${run.exitReason}`;
    },
  );
  await say.step("two minutes later the other is welcomed, and only they", async () => {
    if (!quiet || !talking) throw new DemoFailure("there are no leads");
    await world.advance("PT2M");
    await world.drain();
    const message = await sentTemplate(story, quiet, "welcome");
    const run = await runWhere(story, quiet, rule, "the end", ({ status }) => status === "completed");
    const after = endOf(run, "hello").getTime() - new Date(run.startedAt).getTime();
    if (after < pauseMs) throw new DemoFailure(`the welcome went out after ${after} ms`);
    expectSame("messages to who wrote", await writtenTo(story, talking), 0);
    return `message ${message.id}: “${message.template?.rendered ?? ""}”, ${endOf(run, "hello").toISOString()}; none to Carla`;
  });
}
