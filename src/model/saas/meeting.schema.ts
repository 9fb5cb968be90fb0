import { Schema, type Types } from "mongoose";
import { meetingStatuses } from "../../contracts/meeting.contract";
import { anyText, type BaseRecord, recordSchema } from "../record.schema";

export interface MeetingRecord extends BaseRecord {
  /** Stable iCalendar UID; `sequence` rises with every change that attendees must learn of (RFC 5545). */
  uid: string;
  sequence: number;
  /** The appointment's id in the caller's system, or ours: what reminders and events are keyed by. */
  appointmentId: string;
  leadId: Types.ObjectId;
  title: string;
  startsAt: Date;
  endsAt: Date;
  timezone: string;
  status: (typeof meetingStatuses)[number];
  location: string | null;
  joinUrl: string | null;
  attendees: { name: string; email: string | null }[];
  /** What created it, so that a retried rule step finds its meeting instead of making a second one. */
  effectKey: string | null;
}

export const meetingSchema = recordSchema<MeetingRecord>("meetings", {
  uid: { type: String, required: true },
  sequence: { type: Number, default: 0 },
  appointmentId: { type: String, required: true },
  leadId: { type: Schema.Types.ObjectId, required: true },
  title: { type: String, required: true },
  startsAt: { type: Date, required: true },
  endsAt: { type: Date, required: true },
  timezone: { type: String, required: true },
  status: {
    type: String,
    enum: meetingStatuses,
    required: true,
  },
  location: { type: String, default: null },
  joinUrl: { type: String, default: null },
  attendees: { type: [new Schema({ name: String, email: String }, { _id: false })], default: [] },
  effectKey: { type: String, default: null },
});

meetingSchema.index({ appointmentId: 1 }, { name: "appointment", unique: true });
meetingSchema.index({ uid: 1 }, { name: "uid", unique: true });
// a retried rule step finds its meeting
meetingSchema.index(
  { effectKey: 1 },
  { name: "effect", unique: true, partialFilterExpression: { effectKey: anyText } },
);
// the calendar, and a lead's meetings
meetingSchema.index({ startsAt: 1, _id: 1 }, { name: "calendar" });
meetingSchema.index({ leadId: 1, startsAt: -1 }, { name: "lead" });
