import { Types } from "mongoose";
import type { CreateMeeting, Meeting } from "../../../contracts/meeting.contract";
import type { TenantContext } from "../../../lib/context/tenant.context";
import { AppError } from "../../../lib/errors/app.error";
import { type Change, commitChange } from "../../../lib/tenant/commit.change";
import type { MeetingRecord } from "../../../model/saas/meeting.schema";
import { confirmedSequence } from "./appointment.event";
import { invalidReference } from "./crm.problem";
import { appointmentData, refreshNextMeeting } from "./meeting.record";
import { toMeeting } from "./meeting.serialiser";
import { endOf } from "./meeting.times";
import { readSettings } from "./settings.read";

const usualMs = 30 * 60_000;

/** `effectKey` names the step of a rule that asks: the same key again finds the meeting that was made. */
export type NewMeeting = CreateMeeting & { readonly effectKey?: string | undefined };

/**
 * Proposes a meeting.
 * @throws AppError invalid-reference for the lead, validation-failed when it ends before it begins, duplicate (names
 * `meetingId`) for an appointment that has a meeting already.
 */
export async function createMeeting(ctx: TenantContext, input: NewMeeting): Promise<Meeting> {
  return commitChange(ctx, async (change) => {
    const { Meeting } = change.models;
    const { session } = change;
    if (input.effectKey !== undefined) {
      const made = await Meeting.findOne({ effectKey: input.effectKey }).session(session).lean();
      if (made) return toMeeting(made);
    }
    const record = await meetingRecord(change, input);
    const twin = await Meeting.findOne({ appointmentId: record.appointmentId }).session(session).lean();
    // A rule that books what another told of already has what it wants.
    if (twin && input.effectKey !== undefined && twin.leadId.equals(input.leadId)) return toMeeting(twin);
    if (twin)
      throw new AppError("duplicate", "This appointment has a meeting already. Change that one instead.", {
        extensions: { meetingId: twin._id.toHexString() },
      });
    await Meeting.insertMany([record], { session });
    await refreshNextMeeting(change, record.leadId);
    change.record({
      type: "meeting_created",
      subject: { leadId: input.leadId, meetingId: record._id.toHexString() },
      data: appointmentData(record),
    });
    return toMeeting(record);
  });
}

async function meetingRecord(change: Change, input: NewMeeting): Promise<MeetingRecord> {
  const { now, models, session } = change;
  const lead = await models.Lead.findOne({ _id: new Types.ObjectId(input.leadId), deletedAt: null })
    .session(session)
    .lean();
  if (!lead) throw invalidReference("/leadId", "lead");
  const _id = new Types.ObjectId();
  const startsAt = new Date(input.startsAt);
  // Made by a rule that heard of the confirmation, a meeting is confirmed from its beginning.
  const told =
    input.appointmentId === undefined ? null : await confirmedSequence(change, input.appointmentId);
  return {
    _id,
    version: 1,
    createdAt: now,
    updatedAt: now,
    uid: `${_id.toHexString()}@ecod`,
    sequence: told ?? 0,
    appointmentId: input.appointmentId ?? _id.toHexString(),
    leadId: lead._id,
    title: input.title,
    startsAt,
    endsAt: endOf(startsAt, input, usualMs),
    timezone: input.timezone ?? lead.timezone ?? (await readSettings(models, session)).timezone,
    status: told === null ? "proposed" : "confirmed",
    location: input.location ?? null,
    joinUrl: input.joinUrl ?? null,
    attendees: input.attendees ?? [],
    effectKey: input.effectKey ?? null,
  };
}
