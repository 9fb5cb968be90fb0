/**
 * Appointments in events: kept by a meeting here, by another system's calendar, or by both. What is told of one is
 * told once, and our meeting follows it.
 */
import { trusted } from "mongoose";
import type { CrmEventType } from "../../../contracts/crm.event.contract";
import type { Change } from "../../../lib/tenant/commit.change";
import type { MeetingRecord } from "../../../model/saas/meeting.schema";
import { changedFields } from "./changed.fields";
import { appointmentData, meetingChanges, saveMeeting } from "./meeting.record";

/** Events about an appointment, whoever tells of them. */
export type AppointmentEventType = Extract<CrmEventType, `appointment_${string}`>;

const statusOf = {
  appointment_confirmed: "confirmed",
  appointment_rescheduled: "rescheduled",
  appointment_cancelled: "cancelled",
  appointment_held: "held",
  appointment_no_show: "no_show",
} as const satisfies Record<AppointmentEventType, MeetingRecord["status"]>;

/**
 * The one id of such an event, per appointment and sequence: told twice in two ways it is still one event, and rules
 * see it once.
 */
export function appointmentEventId(
  type: AppointmentEventType,
  appointmentId: string,
  sequence: number,
): string {
  return `${type}:${appointmentId}:${sequence}`;
}

/**
 * Brings our meeting of an appointment, if there is one, to what another system tells of it. News of an older
 * sequence than the meeting's change nothing.
 * @returns the meeting as it is now, null when we keep none.
 */
export async function followAppointmentInChange(
  change: Change,
  type: AppointmentEventType,
  told: { appointmentId: string; sequence: number; startsAt: Date },
): Promise<MeetingRecord | null> {
  const before = await change.models.Meeting.findOne({ appointmentId: told.appointmentId })
    .session(change.session)
    .lean();
  if (!before || told.sequence < before.sequence) return before;
  const lengthMs = before.endsAt.getTime() - before.startsAt.getTime();
  const after: MeetingRecord = {
    ...before,
    status: statusOf[type],
    sequence: told.sequence,
    startsAt: told.startsAt,
    endsAt: new Date(told.startsAt.getTime() + lengthMs),
  };
  return Object.keys(changedFields(before, after)).length === 0 ? before : saveMeeting(change, before, after);
}

/** The highest sequence at which an appointment's confirmation was told, null when it never was. */
export async function confirmedSequence(change: Change, appointmentId: string): Promise<number | null> {
  const prefix = `appointment_confirmed:${appointmentId}:`;
  // `;` is the character after `:`, so the range holds this appointment's confirmations and no others.
  const rows = await change.models.Outbox.find({
    eventId: trusted({ $gte: prefix, $lt: `${prefix.slice(0, -1)};` }),
  })
    .select({ eventId: 1 })
    .session(change.session)
    .lean();
  const sequences = rows.map(({ eventId }) => Number(eventId.slice(prefix.length))).filter(Number.isInteger);
  return sequences.length === 0 ? null : Math.max(...sequences);
}

/** Tells of an appointment, unless another system told of the same before. */
export async function recordAppointment(
  change: Change,
  type: AppointmentEventType,
  { before, meeting }: { before: MeetingRecord; meeting: MeetingRecord },
  more: Record<string, unknown> = {},
): Promise<void> {
  const id = appointmentEventId(type, meeting.appointmentId, meeting.sequence);
  const told = await change.models.Outbox.findOne({ eventId: id })
    .session(change.session)
    .select({ _id: 1 })
    .lean();
  if (told) return;
  change.record({
    id,
    type,
    subject: { leadId: meeting.leadId.toHexString(), meetingId: meeting._id.toHexString() },
    data: { ...appointmentData(meeting), ...more },
    changes: meetingChanges(before, meeting),
  });
}
