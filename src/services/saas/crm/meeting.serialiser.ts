import type { Meeting } from "../../../contracts/meeting.contract";
import type { MeetingRecord } from "../../../model/saas/meeting.schema";
import { toTimestamp } from "./lead.serialiser";

/** A stored meeting as the API shows it. */
export function toMeeting(record: MeetingRecord): Meeting {
  return {
    id: record._id.toHexString(),
    version: record.version,
    uid: record.uid,
    sequence: record.sequence,
    appointmentId: record.appointmentId,
    leadId: record.leadId.toHexString(),
    title: record.title,
    startsAt: toTimestamp(record.startsAt),
    endsAt: toTimestamp(record.endsAt),
    timezone: record.timezone,
    status: record.status,
    location: record.location,
    joinUrl: record.joinUrl,
    attendees: record.attendees.map(({ name, email }) => ({ name, email })),
    createdAt: toTimestamp(record.createdAt),
    updatedAt: toTimestamp(record.updatedAt),
  };
}
