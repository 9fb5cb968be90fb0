/** Meetings as iCalendar files (RFC 5545), for calendars that take invitations (RFC 5546). */
import { DateTime } from "luxon";
import { Types } from "mongoose";
import type { TenantContext } from "../../../lib/context/tenant.context";
import { getCentralModels } from "../../../lib/db/get.central.models";
import { getCrmModels } from "../../../lib/tenant/get.crm.model";
import type { MeetingRecord } from "../../../model/saas/meeting.schema";
import { notFound } from "./crm.problem";

interface Person {
  readonly name: string;
  readonly email: string;
}

/** Who takes part beside what the meeting itself says. */
interface Company {
  /** Who looks after the lead; without one there is nobody to invite or call off in the name of. */
  readonly organizer: Person | null;
  readonly lead: Person | null;
}

/**
 * The calendar file of a meeting: one UID for ever, a SEQUENCE that rises. It is an invitation (REQUEST, then CANCEL)
 * when the lead's owner is a user, who is then its organizer; else it is PUBLISHed, which must name no attendees.
 * @throws AppError not-found
 */
export async function meetingCalendar(ctx: TenantContext, id: string): Promise<string> {
  const { Lead, Meeting } = await getCrmModels(ctx.clientCode);
  const meeting = await Meeting.findById(new Types.ObjectId(id)).lean();
  if (!meeting) throw notFound("meeting");
  const lead = await Lead.findById(meeting.leadId).lean();
  return calendarOf(meeting, {
    organizer: await userOf(ctx, lead?.ownerId ?? null),
    lead: lead?.emailLower ? { name: lead.displayName, email: lead.emailLower } : null,
  });
}

async function userOf({ clientCode }: TenantContext, key: string | null): Promise<Person | null> {
  if (key === null) return null;
  const { User } = await getCentralModels();
  const user = await User.findOne({ clientCode, key }).lean();
  return user && { name: user.name, email: user.emailLower };
}

async function calendarOf(meeting: MeetingRecord, { organizer, lead }: Company): Promise<string> {
  const { default: ical, ICalCalendarMethod, ICalEventStatus } = await import("ical-generator");
  const cancelled = meeting.status === "cancelled";
  const status = cancelled
    ? ICalEventStatus.CANCELLED
    : meeting.status === "proposed"
      ? ICalEventStatus.TENTATIVE
      : ICalEventStatus.CONFIRMED;
  const living = organizer ? ICalCalendarMethod.REQUEST : ICalCalendarMethod.PUBLISH;
  const calendar = ical({
    prodId: { company: "ECOD", product: "CRM", language: "EN" },
    method: cancelled ? ICalCalendarMethod.CANCEL : living,
  });
  const event = calendar.createEvent({
    id: meeting.uid,
    sequence: meeting.sequence,
    stamp: DateTime.fromJSDate(meeting.updatedAt).toUTC(),
    start: DateTime.fromJSDate(meeting.startsAt).toUTC(),
    end: DateTime.fromJSDate(meeting.endsAt).toUTC(),
    summary: meeting.title,
    status,
    ...(organizer === null ? {} : { organizer: { name: quotable(organizer.name), email: organizer.email } }),
    ...(meeting.location === null ? {} : { location: meeting.location }),
    ...(meeting.joinUrl === null ? {} : { url: meeting.joinUrl }),
  });
  if (organizer)
    for (const { name, email } of invited(meeting, lead))
      event.createAttendee({ name: quotable(name), email, rsvp: true });
  return calendar.toString();
}

/**
 * A name that may stand between quotes: RFC 5545 3.2 knows no way to escape one there, so that a name with a quote
 * could go on with an address of its own.
 */
function quotable(name: string): string {
  return name.replace(/"/g, "'").replace(/[\p{Cc}\\]/gu, " ");
}

/** The lead and everybody who is named with an address, each once. */
function invited({ attendees }: MeetingRecord, lead: Person | null): Person[] {
  const named = attendees.flatMap(({ name, email }) => (email === null ? [] : [{ name, email }]));
  const people = new Map([...(lead ? [lead] : []), ...named].map((person) => [person.email, person]));
  return [...people.values()];
}
