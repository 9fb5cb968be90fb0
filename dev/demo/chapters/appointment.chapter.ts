import { automationRunSchema } from "../../../src/contracts/automation.run.contract";
import { pageSchema } from "../../../src/contracts/common.contract";
import { externalEventResultSchema } from "../../../src/contracts/external.event.contract";
import { meetingSchema } from "../../../src/contracts/meeting.contract";
import { type Lead, messageWhere, type Story } from "../story";
import { eventually, expectSame } from "../transcript";

/** An appointment from outside: told twice, taken once; meeting and reminders. */
export async function appointment(story: Story, lead: Lead): Promise<void> {
  const { say, api, world } = story;
  say.chapter("The calendar confirms an appointment in two days");
  const { now } = await world.now();
  const startsAt = new Date(new Date(now).getTime() + 48 * 60 * 60_000).toISOString();
  const body = {
    id: "calendar-1842",
    type: "appointment_confirmed",
    subject: { phone: lead.phone },
    data: { appointmentId: "A-17", startsAt },
  };
  await say.step("POST /api/crm/automations/events", async () => {
    const taken = await api.post("/automations/events", body, externalEventResultSchema);
    expectSame("duplicate", taken.duplicate, false);
    return `event ${taken.eventId}`;
  });
  await say.step("told twice, taken once", async () => {
    const again = await api.post("/automations/events", body, externalEventResultSchema);
    expectSame("duplicate", again.duplicate, true);
    return `event ${again.eventId}`;
  });
  await say.step("a meeting stands in the calendar", async () => {
    const meeting = await eventually("the meeting", async () => {
      const page = await api.get(`/meetings?leadId=${lead.id}`, pageSchema(meetingSchema));
      return page.data[0];
    });
    expectSame("starts", meeting.startsAt, startsAt);
    return `meeting ${meeting.id}: ${meeting.title}, ${meeting.startsAt}`;
  });
  await say.step("and a reminder is scheduled for a day before", async () => {
    const run = await eventually("the waiting run", async () => {
      const runs = await api.get(`/leads/${lead.id}/automation-runs`, pageSchema(automationRunSchema));
      return runs.data.find((each) => each.status === "waiting" && each.stepId === "day_before");
    });
    expectSame("due", run.dueAt, new Date(new Date(startsAt).getTime() - 24 * 60 * 60_000).toISOString());
    return `run ${run.id}, due ${run.dueAt}`;
  });
  await say.step("the clock moves on by 25 hours, and the reminder goes out", async () => {
    await world.advance("PT25H");
    const ran = await world.drain();
    const reminder = await messageWhere(
      story,
      lead,
      "the reminder",
      (each) =>
        each.template?.name === "appointment_reminder" && ["sent", "delivered", "read"].includes(each.status),
    );
    return `${ran} job(s); message ${reminder.id}: “${reminder.template?.rendered ?? ""}”, ${reminder.status}`;
  });
}
