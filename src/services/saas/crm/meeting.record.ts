/** One meeting inside a change: read, written, and shown on its lead. */
import { Types, trusted } from "mongoose";
import type { Meeting } from "../../../contracts/meeting.contract";
import { AppError } from "../../../lib/errors/app.error";
import type { Change } from "../../../lib/tenant/commit.change";
import type { MeetingRecord } from "../../../model/saas/meeting.schema";
import { changedFields, type FieldChanges, shownChanges } from "./changed.fields";
import { checkVersion, notFound } from "./crm.problem";
import { toTimestamp } from "./lead.serialiser";
import { toMeeting } from "./meeting.serialiser";

/** A meeting by id, at the version the caller saw when `ifMatch` is given. */
export interface MeetingAt {
  readonly id: string;
  readonly ifMatch?: number | undefined;
}

/** Meetings that still lie ahead. */
const livingStatuses = ["proposed", "confirmed", "rescheduled"] as const;

/** @throws AppError not-found, precondition-failed. */
export async function meetingInChange(change: Change, { id, ifMatch }: MeetingAt): Promise<MeetingRecord> {
  const meeting = await change.models.Meeting.findById(new Types.ObjectId(id)).session(change.session).lean();
  if (!meeting) throw notFound("meeting");
  checkVersion(meeting, ifMatch, toMeeting);
  return meeting;
}

/** @throws AppError invalid-state when the meeting is over or off. */
export function requireLiving(meeting: MeetingRecord): void {
  if (livingStatuses.some((status) => status === meeting.status)) return;
  throw new AppError("invalid-state", "The meeting is cancelled or over. Create a new one instead.");
}

/** Writes what differs; the version rises, and with it goes the lead's next meeting. */
export async function saveMeeting(
  change: Change,
  before: MeetingRecord,
  after: MeetingRecord,
): Promise<MeetingRecord> {
  const saved = { ...after, version: before.version + 1, updatedAt: change.now };
  await change.models.Meeting.updateOne(
    { _id: before._id },
    { $set: changedFields(before, saved) },
    { session: change.session },
  );
  await refreshNextMeeting(change, saved.leadId);
  return saved;
}

/** Sets when the lead is met next. It follows from the meetings, so it is no change of the lead's own. */
export async function refreshNextMeeting(change: Change, leadId: Types.ObjectId): Promise<void> {
  const { Lead, Meeting } = change.models;
  const next = await Meeting.findOne({
    leadId,
    status: trusted({ $in: [...livingStatuses] }),
    startsAt: trusted({ $gt: change.now }),
  })
    .sort({ startsAt: 1 })
    .session(change.session)
    .lean();
  await Lead.updateOne(
    { _id: leadId },
    { $set: { nextMeetingAt: next?.startsAt ?? null } },
    { session: change.session },
  );
}

/** What events say of a meeting: enough for reminders, with no more of the person than the lead's id. */
export function appointmentData(meeting: MeetingRecord): Record<string, unknown> {
  return {
    appointmentId: meeting.appointmentId,
    sequence: meeting.sequence,
    title: meeting.title,
    startsAt: toTimestamp(meeting.startsAt),
    endsAt: toTimestamp(meeting.endsAt),
    timezone: meeting.timezone,
    location: meeting.location,
    joinUrl: meeting.joinUrl,
  };
}

/** What changed of a meeting. Who attends is personal data of people who may be no leads, so it stays out. */
export function meetingChanges(before: MeetingRecord, after: MeetingRecord): FieldChanges {
  const shown = ({ attendees: _attendees, ...meeting }: Meeting) => meeting;
  return shownChanges(shown(toMeeting(before)), shown(toMeeting(after)));
}
