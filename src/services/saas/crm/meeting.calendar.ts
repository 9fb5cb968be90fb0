/** Meetings as iCalendar files (RFC 5545), for calendars that take invitations. */
import { DateTime } from "luxon";
import { Types } from "mongoose";
import type { TenantContext } from "../../../lib/context/tenant.context";
import { getCrmModels } from "../../../lib/tenant/get.crm.model";
import type { MeetingRecord } from "../../../model/saas/meeting.schema";
import { notFound } from "./crm.problem";

/** The calendar file of a meeting: one UID for ever, a SEQUENCE that rises. @throws AppError not-found. */
export async function meetingCalendar(ctx: TenantContext, id: string): Promise<string> {
  const { Meeting } = await getCrmModels(ctx.clientCode);
  const meeting = await Meeting.findById(new Types.ObjectId(id)).lean();
  if (!meeting) throw notFound("meeting");
  return calendarOf(meeting);
}

async function calendarOf(meeting: MeetingRecord): Promise<string> {
  const { default: ical, ICalCalendarMethod, ICalEventStatus } = await import("ical-generator");
  const cancelled = meeting.status === "cancelled";
  const status = cancelled
    ? ICalEventStatus.CANCELLED
    : meeting.status === "proposed"
      ? ICalEventStatus.TENTATIVE
      : ICalEventStatus.CONFIRMED;
  const calendar = ical({
    prodId: { company: "ECOD", product: "CRM", language: "EN" },
    method: cancelled ? ICalCalendarMethod.CANCEL : ICalCalendarMethod.PUBLISH,
  });
  const event = calendar.createEvent({
    id: meeting.uid,
    sequence: meeting.sequence,
    stamp: DateTime.fromJSDate(meeting.updatedAt).toUTC(),
    start: DateTime.fromJSDate(meeting.startsAt).toUTC(),
    end: DateTime.fromJSDate(meeting.endsAt).toUTC(),
    summary: meeting.title,
    status,
    ...(meeting.location === null ? {} : { location: meeting.location }),
    ...(meeting.joinUrl === null ? {} : { url: meeting.joinUrl }),
  });
  for (const { name, email } of meeting.attendees)
    if (email !== null) event.createAttendee({ name, email, rsvp: true });
  return calendar.toString();
}
