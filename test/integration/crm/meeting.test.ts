import { pageSchema } from "../../../src/contracts/common.contract";
import { leadSchema } from "../../../src/contracts/lead.contract";
import { meetingSchema } from "../../../src/contracts/meeting.contract";
import { commitChange } from "../../../src/lib/tenant/commit.change";
import { closeAllConnections } from "../../../src/lib/tenant/tenant.registry";
import {
  type AppointmentEventType,
  appointmentEventId,
  followAppointmentInChange,
} from "../../../src/services/saas/crm/appointment.event";
import { sweepPassedMeetings } from "../../../src/services/saas/crm/meeting.passed";
import { createMeeting } from "../../../src/services/saas/crm/meeting.service";
import { type CrmTenant, crmTenant, newLead, takeEvents } from "./crm.tenant";

let tenant: CrmTenant;

beforeAll(async () => {
  tenant = await crmTenant();
});
afterAll(closeAllConnections);

const base = "/api/crm/meetings";
const startsAt = new Date(Date.now() + 86_400_000).toISOString();

async function newMeeting(fields: Record<string, unknown> = {}) {
  const lead = await newLead(tenant);
  const answer = await tenant.api.post(base, { leadId: lead.id, title: "Consultation", startsAt, ...fields });
  expect(answer.status).toBe(201);
  takeEvents(tenant);
  return answer.as(meetingSchema);
}

test("a meeting is proposed, confirmed, moved and called off, with an event for each step", async () => {
  const lead = await newLead(tenant);
  takeEvents(tenant);
  const made = await tenant.api.post(base, { leadId: lead.id, title: "Consultation", startsAt });
  const meeting = made.as(meetingSchema);
  expect(meeting).toMatchObject({ status: "proposed", sequence: 0, timezone: "UTC" });
  expect(Date.parse(meeting.endsAt) - Date.parse(meeting.startsAt)).toBe(30 * 60_000);
  const shown = (await tenant.api.get(`/api/crm/leads/${lead.id}`)).as(leadSchema);
  expect([shown.nextMeetingAt, shown.version]).toEqual([meeting.startsAt, 1]);

  const path = `${base}/${meeting.id}`;
  const confirmed = (await tenant.api.post(`${path}/confirm`)).as(meetingSchema);
  expect(confirmed).toMatchObject({ status: "confirmed", sequence: 0, version: 2 });
  expect((await tenant.api.post(`${path}/confirm`)).as(meetingSchema)).toEqual(confirmed);
  expect(tenant.events.at(-1)).toMatchObject({
    id: `appointment_confirmed:${meeting.appointmentId}:0`,
    subject: { leadId: lead.id, meetingId: meeting.id },
    data: { startsAt: meeting.startsAt },
  });
  const later = new Date(Date.parse(startsAt) + 3_600_000).toISOString();
  const moved = (await tenant.api.post(`${path}/reschedule`, { startsAt: later })).as(meetingSchema);
  expect(moved).toMatchObject({ status: "rescheduled", sequence: 1, startsAt: later, uid: meeting.uid });
  const off = (await tenant.api.post(`${path}/cancel`, { reason: "ill" })).as(meetingSchema);
  expect(off).toMatchObject({ status: "cancelled", sequence: 2 });
  expect(takeEvents(tenant)).toEqual([
    "meeting_created",
    "appointment_confirmed",
    "appointment_rescheduled",
    "appointment_cancelled",
  ]);
  expect((await tenant.api.get(`/api/crm/leads/${lead.id}`)).as(leadSchema).nextMeetingAt).toBeNull();
  const dead = await tenant.api.post(`${path}/confirm`);
  expect([dead.status, dead.problem().code]).toEqual([422, "invalid-state"]);
});

test("a confirmation that another system told of before is no second event, but the meeting is confirmed", async () => {
  const meeting = await newMeeting({ appointmentId: "apt-1042" });
  await commitChange(tenant.ctx, async (change) => {
    change.record({
      id: appointmentEventId("appointment_confirmed", "apt-1042", 0),
      type: "appointment_confirmed",
      subject: { leadId: meeting.leadId },
    });
  });
  const confirmed = await tenant.api.post(`${base}/${meeting.id}/confirm`);
  expect(confirmed.as(meetingSchema).status).toBe("confirmed");
  expect(takeEvents(tenant)).toEqual(["appointment_confirmed"]);
});

test("a meeting made after its appointment was confirmed elsewhere is confirmed, and follows what is told", async () => {
  const lead = await newLead(tenant);
  const tell = (type: AppointmentEventType, sequence: number, at: string) =>
    commitChange(tenant.ctx, async (change) => {
      change.record({
        id: appointmentEventId(type, "apt-9", sequence),
        type,
        subject: { leadId: lead.id },
      });
      await followAppointmentInChange(change, type, {
        appointmentId: "apt-9",
        sequence,
        startsAt: new Date(at),
      });
    });
  await tell("appointment_confirmed", 3, startsAt);
  const input = { leadId: lead.id, title: "Visit", startsAt, appointmentId: "apt-9" };
  const made = await createMeeting(tenant.ctx, { ...input, effectKey: "run2:step1" });
  expect(made).toMatchObject({ status: "confirmed", sequence: 3 });
  const later = new Date(Date.parse(startsAt) + 3_600_000).toISOString();
  await tell("appointment_rescheduled", 4, later);
  const path = `${base}/${made.id}`;
  const moved = (await tenant.api.get(path)).as(meetingSchema);
  expect(moved).toMatchObject({ status: "rescheduled", sequence: 4, startsAt: later });
  await tell("appointment_cancelled", 2, startsAt);
  expect((await tenant.api.get(path)).as(meetingSchema)).toEqual(moved);
});

test("of 10 parallel confirmations one tells", async () => {
  const meeting = await newMeeting();
  const answers = await Promise.all(
    Array.from({ length: 10 }, () => tenant.api.post(`${base}/${meeting.id}/confirm`)),
  );
  expect(answers.map(({ status }) => status)).toEqual(Array.from({ length: 10 }, () => 200));
  expect(takeEvents(tenant)).toEqual(["appointment_confirmed"]);
});

test("a rule's step that is repeated finds the meeting it made", async () => {
  const lead = await newLead(tenant);
  const input = { leadId: lead.id, title: "Visit", startsAt, effectKey: "run1:step1" };
  const made = await createMeeting(tenant.ctx, input);
  expect(await createMeeting(tenant.ctx, input)).toEqual(made);
});

test("an appointment has one meeting", async () => {
  const meeting = await newMeeting({ appointmentId: "apt-7" });
  const answer = await tenant.api.post(base, {
    leadId: meeting.leadId,
    title: "Again",
    startsAt,
    appointmentId: "apt-7",
  });
  expect(answer.json()).toMatchObject({ status: 409, code: "duplicate", meetingId: meeting.id });
});

test.each([
  ["an end before the start", { endsAt: "2020-01-01T00:00:00Z" }, 400],
  ["two ends", { endsAt: startsAt, durationMinutes: 5 }, 400],
  ["a link that is not https", { joinUrl: "http://meet.example" }, 400],
  ["a lead that does not exist", { leadId: "0".repeat(24) }, 422],
])("a meeting with %s is refused", async (_what, fields, status) => {
  const lead = await newLead(tenant);
  const answer = await tenant.api.post(base, { leadId: lead.id, title: "T", startsAt, ...fields });
  expect(answer.status).toBe(status);
});

test("nobody fails to come before the meeting has begun", async () => {
  const ahead = await newMeeting();
  const early = await tenant.api.post(`${base}/${ahead.id}/no-show`);
  expect([early.status, early.problem().code]).toEqual([422, "invalid-state"]);
  const begun = await newMeeting({ startsAt: new Date(Date.now() - 60_000).toISOString() });
  expect((await tenant.api.post(`${base}/${begun.id}/no-show`)).as(meetingSchema).status).toBe("no_show");
  expect(takeEvents(tenant)).toEqual(["appointment_no_show"]);
});

test("a stale If-Match is refused with the current meeting", async () => {
  const meeting = await newMeeting();
  const path = `${base}/${meeting.id}`;
  await tenant.api.patch(path, { title: "New title" }, { "if-match": '"1"' });
  const stale = await tenant.api.post(`${path}/cancel`, {}, { "if-match": '"1"' });
  expect([stale.status, stale.json()]).toEqual([
    412,
    expect.objectContaining({ current: expect.objectContaining({ title: "New title", sequence: 1 }) }),
  ]);
});

test("lists are in the order of the start and filter by lead, status and time", async () => {
  const first = await newMeeting({ startsAt: "2027-01-01T10:00:00Z" });
  const second = await newMeeting({ startsAt: "2027-01-02T10:00:00Z" });
  const list = async (query: string) =>
    (await tenant.api.get(`${base}?${query}`)).as(pageSchema(meetingSchema)).data.map(({ id }) => id);
  expect(await list("from=2027-01-01T00:00:00Z&to=2027-02-01T00:00:00Z")).toEqual([first.id, second.id]);
  expect(await list(`leadId=${second.leadId}`)).toEqual([second.id]);
  expect(await list("status=cancelled&from=2027-01-01T00:00:00Z")).toEqual([]);
});

test("the calendar file keeps its UID and raises its SEQUENCE", async () => {
  const meeting = await newMeeting({
    title: "Kick-off; with, commas",
    location: "Rua Verde 12",
    attendees: [{ name: "Ana", email: "ana@example.com" }],
  });
  const read = async () => (await tenant.api.get(`${base}/${meeting.id}/ics`)).bytes.toString("utf8");
  const proposed = await read();
  expect(proposed).toContain(`UID:${meeting.uid}`);
  expect(proposed).toContain("SEQUENCE:0");
  expect(proposed).toContain("STATUS:TENTATIVE");
  expect(proposed).toContain("SUMMARY:Kick-off\\; with\\, commas");
  await tenant.api.post(`${base}/${meeting.id}/cancel`);
  const cancelled = await read();
  expect(cancelled).toContain(`UID:${meeting.uid}`);
  expect(cancelled).toContain("SEQUENCE:1");
  expect(cancelled).toContain("METHOD:CANCEL");
  const answer = await tenant.api.get(`${base}/${meeting.id}/ics`);
  expect(answer.headers["content-type"]).toBe("text/calendar; charset=utf-8");
});

test("a lead is shown with its next meeting, also when the one before it has begun", async () => {
  const lead = await newLead(tenant);
  const second = new Date(Date.now() + 2 * 86_400_000).toISOString();
  for (const at of [startsAt, second])
    await tenant.api.post(base, { leadId: lead.id, title: "Visit", startsAt: at });
  const next = async () => (await tenant.api.get(`/api/crm/leads/${lead.id}`)).as(leadSchema).nextMeetingAt;
  expect(await next()).toBe(startsAt);
  const past = { ...tenant.ctx, now: () => new Date(Date.parse(startsAt) + 1) };
  expect((await sweepPassedMeetings(past)).taken).toBeGreaterThan(0);
  expect(await next()).toBe(second);
  expect((await sweepPassedMeetings(past)).taken).toBe(0);
});
