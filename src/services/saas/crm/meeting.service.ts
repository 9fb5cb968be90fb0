/** Meetings with leads: proposed, confirmed, moved, held or called off, each step an event for rules. */
import { type QueryFilter, Types, trusted } from "mongoose";
import type {
  ListMeetings,
  Meeting,
  RescheduleMeeting,
  UpdateMeeting,
} from "../../../contracts/meeting.contract";
import type { TenantContext } from "../../../lib/context/tenant.context";
import { AppError } from "../../../lib/errors/app.error";
import { type Page, pageOf } from "../../../lib/query/page";
import { commitChange } from "../../../lib/tenant/commit.change";
import { getCrmModels } from "../../../lib/tenant/get.crm.model";
import type { MeetingRecord } from "../../../model/saas/meeting.schema";
import { recordAppointment } from "./appointment.event";
import { changedFields } from "./changed.fields";
import { notFound } from "./crm.problem";
import {
  appointmentData,
  type MeetingAt,
  meetingChanges,
  meetingInChange,
  requireLiving,
  saveMeeting,
} from "./meeting.record";
import { toMeeting } from "./meeting.serialiser";
import { endOf } from "./meeting.times";

export { meetingCalendar } from "./meeting.calendar";
export { createMeeting } from "./meeting.create";

/** @throws AppError not-found. */
export async function getMeeting(ctx: TenantContext, id: string): Promise<Meeting> {
  const { Meeting } = await getCrmModels(ctx.clientCode);
  const record = await Meeting.findById(new Types.ObjectId(id)).lean();
  if (!record) throw notFound("meeting");
  return toMeeting(record);
}

/** Meetings in the order of their start. @throws AppError invalid-cursor. */
export async function listMeetings(ctx: TenantContext, query: ListMeetings): Promise<Page<Meeting>> {
  const { Meeting } = await getCrmModels(ctx.clientCode);
  const { leadId, status, from, to } = query;
  const starts = {
    ...(from === undefined ? {} : { $gte: new Date(from) }),
    ...(to === undefined ? {} : { $lt: new Date(to) }),
  };
  const filter: QueryFilter<MeetingRecord> = {
    ...(leadId === undefined ? {} : { leadId: new Types.ObjectId(leadId) }),
    ...(status === undefined ? {} : { status }),
    ...(Object.keys(starts).length === 0 ? {} : { startsAt: trusted(starts) }),
  };
  const page = await pageOf(ctx, Meeting, {
    route: "listMeetings",
    query,
    filter,
    sort: { startsAt: 1, _id: 1 },
  });
  return { ...page, data: page.data.map(toMeeting) };
}

/** Changes what attendees should know besides the time. @throws AppError not-found, precondition-failed, invalid-state. */
export async function updateMeeting(
  ctx: TenantContext,
  at: MeetingAt,
  patch: UpdateMeeting,
): Promise<Meeting> {
  return commitChange(ctx, async (change) => {
    const before = await meetingInChange(change, at);
    requireLiving(before);
    const given = Object.fromEntries(Object.entries(patch).filter(([, value]) => value !== undefined));
    const after: MeetingRecord = { ...before, ...given };
    const changed = Object.keys(changedFields(before, after));
    if (changed.length === 0) return toMeeting(before);
    const saved = await saveMeeting(change, before, { ...after, sequence: before.sequence + 1 });
    change.record({
      type: "meeting_updated",
      subject: { leadId: saved.leadId.toHexString(), meetingId: at.id },
      data: { ...appointmentData(saved), fields: changed },
      changes: meetingChanges(before, saved),
    });
    return toMeeting(saved);
  });
}

/** Confirms a meeting; a confirmed one stays as it is. @throws AppError not-found, precondition-failed, invalid-state. */
export async function confirmMeeting(ctx: TenantContext, at: MeetingAt): Promise<Meeting> {
  return commitChange(ctx, async (change) => {
    const before = await meetingInChange(change, at);
    if (before.status === "confirmed") return toMeeting(before);
    requireLiving(before);
    const saved = await saveMeeting(change, before, { ...before, status: "confirmed" });
    await recordAppointment(change, "appointment_confirmed", { before, meeting: saved });
    return toMeeting(saved);
  });
}

/** Moves a meeting to another time, which is to be confirmed anew. @throws AppError as updateMeeting, validation-failed. */
export async function rescheduleMeeting(
  ctx: TenantContext,
  at: MeetingAt,
  times: RescheduleMeeting,
): Promise<Meeting> {
  return commitChange(ctx, async (change) => {
    const before = await meetingInChange(change, at);
    requireLiving(before);
    const startsAt = new Date(times.startsAt);
    const after: MeetingRecord = {
      ...before,
      startsAt,
      endsAt: endOf(startsAt, times, before.endsAt.getTime() - before.startsAt.getTime()),
      timezone: times.timezone ?? before.timezone,
    };
    if (Object.keys(changedFields(before, after)).length === 0) return toMeeting(before);
    const saved = await saveMeeting(change, before, {
      ...after,
      status: "rescheduled",
      sequence: before.sequence + 1,
    });
    const previousStartsAt = before.startsAt.toISOString();
    await recordAppointment(
      change,
      "appointment_rescheduled",
      { before, meeting: saved },
      { previousStartsAt },
    );
    return toMeeting(saved);
  });
}

/** Calls a meeting off; a cancelled one stays as it is. @throws AppError not-found, precondition-failed, invalid-state. */
export async function cancelMeeting(ctx: TenantContext, at: MeetingAt, reason?: string): Promise<Meeting> {
  return commitChange(ctx, async (change) => {
    const before = await meetingInChange(change, at);
    if (before.status === "cancelled") return toMeeting(before);
    requireLiving(before);
    const saved = await saveMeeting(change, before, {
      ...before,
      status: "cancelled",
      sequence: before.sequence + 1,
    });
    await recordAppointment(
      change,
      "appointment_cancelled",
      { before, meeting: saved },
      reason === undefined ? {} : { reason },
    );
    return toMeeting(saved);
  });
}

/** Notes that the lead did not come. @throws AppError not-found, precondition-failed, invalid-state. */
export async function markNoShow(ctx: TenantContext, at: MeetingAt): Promise<Meeting> {
  return end(ctx, at, "no_show", "appointment_no_show");
}

/** Notes that the meeting took place. @throws AppError not-found, precondition-failed, invalid-state. */
export async function markHeld(ctx: TenantContext, at: MeetingAt): Promise<Meeting> {
  return end(ctx, at, "held", "appointment_held");
}

async function end(
  ctx: TenantContext,
  at: MeetingAt,
  status: "no_show" | "held",
  type: "appointment_no_show" | "appointment_held",
): Promise<Meeting> {
  return commitChange(ctx, async (change) => {
    const before = await meetingInChange(change, at);
    if (before.status === status) return toMeeting(before);
    requireLiving(before);
    if (before.startsAt > change.now)
      throw new AppError("invalid-state", "The meeting has not begun yet. Cancel or reschedule it instead.");
    const saved = await saveMeeting(change, before, { ...before, status });
    await recordAppointment(change, type, { before, meeting: saved });
    return toMeeting(saved);
  });
}
