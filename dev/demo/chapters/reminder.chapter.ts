import { externalEventResultSchema } from "../../../src/contracts/external.event.contract";
import { newLead, type Rule, runWhere, sentTemplate, writtenTo } from "../rule.watch";
import type { Lead, Story } from "../story";
import { DemoFailure, expectSame } from "../transcript";

const hourMs = 60 * 60_000;
const later = (at: Date, hours: number) => new Date(at.getTime() + hours * hourMs);
const aMinuteAfter = (at: Date) => new Date(at.getTime() + 60_000);

/** An appointment is put off by a day, and its reminder with it. */
export async function reminder(story: Story, rule: Rule): Promise<void> {
  const { say, api, world } = story;
  const now = new Date((await world.now()).now);
  const [first, moved] = [later(now, 48), later(now, 72)];
  const tell = (lead: Lead, sequence: number, type: string, startsAt: Date) =>
    api.post(
      "/automations/events",
      {
        id: `calendar-1843-${sequence}`,
        type,
        subject: { leadId: lead.id },
        data: { appointmentId: "A-18", startsAt: startsAt.toISOString(), sequence },
      },
      externalEventResultSchema,
    );
  let lead: Lead | undefined;
  await say.step("an appointment is put off by a day: its reminder follows", async () => {
    lead = await newLead(story, "Elena", "+351912000204", "calendar");
    await tell(lead, 0, "appointment_confirmed", first);
    const due = (at: Date) => later(at, -24).toISOString();
    await runWhere(story, lead, rule, "the reminder", ({ dueAt }) => dueAt === due(first));
    await world.advance("PT1H");
    await tell(lead, 1, "appointment_rescheduled", moved);
    const run = await runWhere(story, lead, rule, "the new time", ({ dueAt }) => dueAt === due(moved));
    return `run ${run.id}, due ${due(first)}, now ${run.dueAt}`;
  });
  await say.step("nothing goes out at the old time", async () => {
    if (!lead) throw new DemoFailure("there is no lead");
    await world.moveTo(aMinuteAfter(later(first, -24)));
    await world.drain();
    const run = await runWhere(story, lead, rule, "the wait", ({ stepId }) => stepId === "day_before");
    expectSame("state", run.status, "waiting");
    expectSame("messages", await writtenTo(story, lead), 0);
    return `run ${run.id} waits, 0 messages at ${(await world.now()).now}`;
  });
  await say.step("and the reminder at the new time tells of the new time", async () => {
    if (!lead) throw new DemoFailure("there is no lead");
    await world.moveTo(aMinuteAfter(later(moved, -24)));
    await world.drain();
    const message = await sentTemplate(story, lead, "appointment_reminder");
    const rendered = message.template?.rendered ?? "";
    const [, month, day] = moved.toISOString().slice(0, 10).split("-");
    const told = `${day}/${month} ${moved.toISOString().slice(11, 16)}`;
    if (!rendered.includes(told)) throw new DemoFailure(`the reminder does not say ${told}: ${rendered}`);
    expectSame("messages", await writtenTo(story, lead), 1);
    return `message ${message.id}: “${rendered}” at ${(await world.now()).now}`;
  });
}
