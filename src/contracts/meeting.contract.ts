/** Meetings with leads; `appointment` is their name in events, since other systems may keep them too. */
import * as z from "zod";
import {
  objectIdSchema,
  pageQuery,
  timestampInputSchema,
  timestampSchema,
  versionSchema,
} from "./common.contract";
import { emailSchema } from "./lead.input.contract";
import { timezoneSchema } from "./settings.contract";
import { textLine } from "./text.contract";

export const meetingStatuses = [
  "proposed",
  "confirmed",
  "rescheduled",
  "cancelled",
  "held",
  "no_show",
] as const;
const statusSchema = z
  .enum(meetingStatuses)
  .meta({ description: "State of the meeting.", example: "confirmed" });

const title = textLine(200).meta({ description: "What it is about.", example: "First consultation" });
const location = textLine(500).meta({ description: "Where it takes place.", example: "Rua Verde 12" });
const joinUrl = z
  .url({ protocol: /^https$/, error: "must be an https address" })
  .max(2_000)
  .meta({ description: "Link for joining online.", example: "https://meet.example/abc" });
const attendees = z
  .array(
    z.strictObject({
      name: textLine(200).meta({ description: "Name.", example: "Ana Souza" }),
      email: emailSchema.nullable().default(null).meta({
        description: "E-mail address; null: none is known.",
        example: "ana@example.com",
      }),
    }),
  )
  .max(50)
  .meta({ description: "Who comes beside the lead." });
const startsAt = timestampInputSchema.meta({ description: "Start.", example: "2026-12-01T09:00:00.000Z" });
const endsAt = timestampInputSchema.meta({ description: "End.", example: "2026-12-01T09:30:00.000Z" });

const durationMinutes = z
  .number()
  .int()
  .min(1)
  .max(60 * 24 * 14)
  .meta({ description: "Instead of `endsAt`; 30 when both are absent.", example: 30 });

const oneEnd = (times: { endsAt?: unknown; durationMinutes?: unknown }) =>
  times.endsAt === undefined || times.durationMinutes === undefined;
const oneEndError = { error: "give endsAt or durationMinutes, not both", path: ["durationMinutes"] };

export const createMeetingSchema = z
  .strictObject({
    leadId: objectIdSchema.meta({ description: "The lead it is with." }),
    title,
    startsAt,
    endsAt: endsAt.optional(),
    durationMinutes: durationMinutes.optional(),
    timezone: timezoneSchema.optional().meta({ description: "Default: the lead's zone, else the tenant's." }),
    location: location.nullable().optional(),
    joinUrl: joinUrl.nullable().optional(),
    attendees: attendees.optional(),
    appointmentId: z
      .string()
      .min(1)
      .max(80)
      .regex(/^[\x21-\x7e]+$/, "must be visible ASCII without spaces")
      .optional()
      .meta({ description: "Its id in your own system; ours when absent.", example: "apt-1042" }),
  })
  .refine(oneEnd, oneEndError)
  .meta({ id: "MeetingInput" });
export type CreateMeeting = z.output<typeof createMeetingSchema>;

/** Merge patch of what is not the time: times are changed by reschedule. */
export const updateMeetingSchema = z
  .strictObject({
    title: title.optional(),
    location: location.nullable().optional(),
    joinUrl: joinUrl.nullable().optional(),
    attendees: attendees.optional(),
  })
  .meta({ id: "MeetingPatch" });
export type UpdateMeeting = z.output<typeof updateMeetingSchema>;

export const rescheduleMeetingSchema = z
  .strictObject({
    startsAt,
    endsAt: endsAt.optional(),
    durationMinutes: durationMinutes.optional().meta({ description: "Default: as long as before." }),
    timezone: timezoneSchema.optional(),
  })
  .refine(oneEnd, oneEndError)
  .meta({ id: "MeetingTimes" });
export type RescheduleMeeting = z.output<typeof rescheduleMeetingSchema>;

export const cancelMeetingSchema = z.strictObject({
  reason: textLine(500).optional().meta({ description: "Why; goes into the event.", example: "Lead is ill" }),
});

export const listMeetingsQuery = z.strictObject({
  ...pageQuery,
  leadId: objectIdSchema.optional().meta({ description: "Only those with this lead." }),
  status: statusSchema.optional(),
  from: timestampInputSchema.optional().meta({ description: "Starting at this time or later." }),
  to: timestampInputSchema.optional().meta({ description: "Starting before this time." }),
});
export type ListMeetings = z.output<typeof listMeetingsQuery>;

export const meetingSchema = z
  .object({
    id: objectIdSchema,
    version: versionSchema,
    uid: z.string().meta({ description: "iCalendar UID; never changes." }),
    sequence: z.number().int().meta({ description: "iCalendar SEQUENCE; rises when attendees must know." }),
    appointmentId: z
      .string()
      .meta({ description: "Its id in your own system; ours when none was given.", example: "apt-1042" }),
    leadId: objectIdSchema.meta({ description: "The lead it is with." }),
    title: z.string().meta({ description: "What it is about.", example: "First consultation" }),
    startsAt: timestampSchema.meta({ description: "Start." }),
    endsAt: timestampSchema.meta({ description: "End." }),
    timezone: z.string().meta({ description: "IANA zone that it is kept in.", example: "America/Sao_Paulo" }),
    status: statusSchema,
    location: z
      .string()
      .nullable()
      .meta({ description: "Where it takes place; null: not said.", example: "Rua Verde 12" }),
    joinUrl: z
      .string()
      .nullable()
      .meta({ description: "Link for joining online; null: none.", example: "https://meet.example/abc" }),
    attendees: z
      .array(
        z.object({
          name: z.string().meta({ description: "Name.", example: "Ana Souza" }),
          email: z
            .string()
            .nullable()
            .meta({ description: "E-mail address; null: none is known.", example: "ana@example.com" }),
        }),
      )
      .meta({ description: "Who comes beside the lead." }),
    createdAt: timestampSchema,
    updatedAt: timestampSchema,
  })
  .meta({ id: "Meeting", description: "A meeting with a lead." });
export type Meeting = z.input<typeof meetingSchema>;
