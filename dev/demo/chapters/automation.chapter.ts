import { enabledRules, importRule, type Rule, switchRules } from "../rule.watch";
import type { Story } from "../story";
import { DemoFailure, expectSame } from "../transcript";
import { loop } from "./loop.chapter";
import { night } from "./night.chapter";
import { reminder } from "./reminder.chapter";
import { silence } from "./silence.chapter";

/** Rules of docs/rules under a clock that moves. The tenant's other rules rest meanwhile. */
export async function automation(story: Story): Promise<void> {
  const { say, world } = story;
  say.chapter("Rules keep to the clock");
  let others: Rule[] = [];
  const ours: Rule[] = [];
  await say.step("rules of docs/rules are imported and published, the others rest", async () => {
    others = await enabledRules(story);
    await switchRules(story, others, "disable");
    ours.push(await importRule(story, "whatsapp.welcome", "Welcome on WhatsApp"));
    ours.push(await importRule(story, "appointment.reminders", "Reminders that follow the appointment"));
    return ours.map(({ id, name }) => `rule ${id} “${name}”`).join(", ");
  });
  const [welcome, reminders] = ours;
  if (!welcome || !reminders) throw new DemoFailure("the rules were not imported");
  await world.moveTo(nextWorkday(new Date((await world.now()).now)));
  await silence(story, welcome);
  await night(story, welcome);
  await reminder(story, reminders);
  ours.push(...(await loop(story)));
  await say.step("and the tenant has its own rules again", async () => {
    await switchRules(story, ours, "disable");
    await switchRules(story, others, "enable");
    const enabled = await enabledRules(story);
    expectSame(
      "rules",
      enabled
        .map(({ id }) => id)
        .sort()
        .join(),
      others
        .map(({ id }) => id)
        .sort()
        .join(),
    );
    return enabled.map(({ name }) => name).join(", ");
  });
}

/** Ten o'clock of the next day on which the day after is one of the welcome's too: Monday to Friday. */
function nextWorkday(now: Date): Date {
  const morning = new Date(now);
  morning.setUTCHours(10, 0, 0, 0);
  while (morning <= now || morning.getUTCDay() === 0 || morning.getUTCDay() === 6)
    morning.setUTCDate(morning.getUTCDate() + 1);
  return morning;
}
