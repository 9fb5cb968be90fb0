/** Events that other systems send, such as calendars, as the API takes them. */
import * as z from "zod";
import { keySchema, objectIdSchema, timestampInputSchema } from "./common.contract";

/** Names of appointments' events, which people send from their calendars. */
export const appointmentEventTypes = [
  "appointment_confirmed",
  "appointment_rescheduled",
  "appointment_cancelled",
  "appointment_held",
  "appointment_no_show",
] as const;

export const externalEventInputSchema = z
  .strictObject({
    id: z
      .string()
      .min(1)
      .max(120)
      .regex(/^[\x21-\x7e]+$/, "must be visible ASCII without spaces")
      .meta({
        description: "Your id of the event. The same id again changes nothing.",
        example: "cal-evt-1842",
      }),
    type: keySchema.meta({
      description: "`appointment_confirmed` and its siblings, or a name of your own.",
      example: "appointment_confirmed",
    }),
    subject: z
      .strictObject({
        leadId: objectIdSchema.optional(),
        phone: z
          .string()
          .max(40)
          .optional()
          .meta({ description: "The lead's phone number.", example: "+447700900123" }),
        externalId: z
          .strictObject({
            system: keySchema.meta({ description: "The other system.", example: "calendar" }),
            id: z.string().min(1).max(200).meta({ description: "The lead's id there.", example: "C-1042" }),
          })
          .optional()
          .meta({ description: "The lead's id in your system." }),
      })
      .refine((subject) => Object.values(subject).filter((value) => value !== undefined).length === 1, {
        error: "needs exactly one of leadId, phone and externalId",
      })
      .meta({ description: "Whom it is about, by one of these." }),
    occurredAt: timestampInputSchema.optional().meta({ description: "When it happened; now when absent." }),
    data: z
      .record(z.string().regex(/^[A-Za-z][A-Za-z0-9_]{0,63}$/, "must be a plain name"), z.unknown())
      .default({})
      .meta({
        description: "Read by rules as `event.data.*`. Appointments need appointmentId and startsAt.",
        example: { appointmentId: "A-17", startsAt: "2026-12-01T09:00:00.000Z" },
      }),
  })
  .meta({
    id: "ExternalEventInput",
    example: {
      id: "cal-evt-1842",
      type: "appointment_confirmed",
      subject: { externalId: { system: "calendar", id: "C-1042" } },
      data: { appointmentId: "a-77", startsAt: "2026-12-01T09:00:00.000Z" },
    },
  });
export type ExternalEventInput = z.infer<typeof externalEventInputSchema>;

/** What an appointment event must tell. Others keep their data as it is. */
export const appointmentDataSchema = z.looseObject({
  appointmentId: z
    .string()
    .min(1)
    .max(80)
    .regex(/^[\x21-\x7e]+$/, "must be visible ASCII without spaces"),
  startsAt: timestampInputSchema,
  sequence: z.number().int().min(0).max(1_000_000).default(0),
});

export const externalEventResultSchema = z
  .object({
    eventId: z.string().meta({ description: "The event's id in the tenant's log." }),
    leadId: objectIdSchema,
    duplicate: z.boolean().meta({ description: "It had been taken before; nothing happened now." }),
  })
  .meta({ id: "ExternalEventResult" });
export type ExternalEventResult = z.infer<typeof externalEventResultSchema>;
