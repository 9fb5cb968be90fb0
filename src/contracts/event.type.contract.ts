/** Kinds of events from outside that a tenant declared: what they are called, and what their data must hold. */
import * as z from "zod";
import { keySchema, objectIdSchema, timestampSchema, versionSchema } from "./common.contract";
import { textLine } from "./text.contract";

export const eventFieldTypes = ["text", "number", "boolean", "date", "time", "choice"] as const;

const eventFieldSchema = z
  .strictObject({
    key: z
      .string()
      .regex(/^[A-Za-z][A-Za-z0-9_]{0,63}$/, "must be a plain name")
      .meta({ description: "Name in `data`.", example: "amount" }),
    type: z.enum(eventFieldTypes).meta({
      description:
        "`date` is a day such as 2026-12-01, `time` an RFC 3339 time, `choice` one of the options.",
      example: "number",
    }),
    required: z.boolean().default(false).meta({ description: "Must every event have it?", example: true }),
    options: z
      .array(textLine(200))
      .min(1)
      .max(200)
      .optional()
      .meta({ description: "For `choice`.", example: ["card", "cash"] }),
  })
  .refine((field) => (field.type === "choice") === (field.options !== undefined), {
    path: ["options"],
    error: "must be given for choice, and for it only",
  })
  .meta({ id: "EventField", description: "A value that events of this type carry." });

const eventTypeFields = {
  name: textLine(100).meta({ description: "What people call it.", example: "Order paid" }),
  fields: z
    .array(eventFieldSchema)
    .max(50)
    .refine((fields) => new Set(fields.map(({ key }) => key)).size === fields.length, {
      error: "must not name a field twice",
    })
    .default([])
    .meta({ description: "What `data` holds; anything else in it is refused." }),
  createsLead: z.boolean().default(false).meta({
    description: "Create a lead when the subject's phone or externalId is unknown, instead of refusing.",
    example: false,
  }),
};

export const eventTypeInputSchema = z.strictObject(eventTypeFields).meta({ id: "EventTypeInput" });
export const createEventTypeSchema = z
  .strictObject({
    key: keySchema.meta({ description: "`type` of its events.", example: "order_paid" }),
    ...eventTypeFields,
  })
  .meta({ id: "CreateEventType" });
export const eventTypePatchSchema = z
  .strictObject({
    name: eventTypeFields.name,
    fields: eventTypeFields.fields.removeDefault().meta({ description: "All fields from now on." }),
    createsLead: eventTypeFields.createsLead.removeDefault().meta({
      description: "Whether an event about an unknown person makes a lead.",
    }),
  })
  .partial()
  .meta({ id: "EventTypePatch" });
export type EventTypePatch = z.output<typeof eventTypePatchSchema>;
export type EventTypeInput = z.output<typeof eventTypeInputSchema>;

export const eventTypeSchema = z
  .object({
    id: objectIdSchema,
    version: versionSchema,
    key: keySchema.meta({ description: "`type` of its events; rules name it `external_event:<key>`." }),
    name: z.string().meta({ description: "What people call it.", example: "Order paid" }),
    fields: z
      .array(
        z.object({
          key: z.string().meta({ description: "Name in `data`.", example: "amount" }),
          type: z.enum(eventFieldTypes).meta({ description: "What its value is.", example: "number" }),
          required: z.boolean().meta({ description: "Whether every event must have it." }),
          options: z
            .array(z.string())
            .nullable()
            .meta({ description: "For `choice`: what it may be; else null.", example: ["card", "cash"] }),
        }),
      )
      .meta({ description: "What `data` holds; anything else in it is refused." }),
    createsLead: z.boolean().meta({ description: "Whether an event about an unknown person makes a lead." }),
    createdAt: timestampSchema,
    updatedAt: timestampSchema,
  })
  .meta({ id: "EventType", description: "A kind of event that your systems send." });
export type EventType = z.input<typeof eventTypeSchema>;
