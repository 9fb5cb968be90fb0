/** Times of day and weekdays: send windows, business hours, holidays. */
import * as z from "zod";
import { durationSchema } from "./common.contract";

export const timeOfDaySchema = z
  .string()
  .regex(/^(?:[01]\d|2[0-3]):[0-5]\d$|^24:00$/, "must be a time of day such as 08:00, up to 24:00")
  .meta({ description: "Local time of day.", example: "08:00" });

const weekdaysSchema = z
  .array(z.number().int().min(1).max(7))
  .min(1)
  .max(7)
  .meta({ description: "Days of the week, 1 is Monday and 7 is Sunday.", example: [1, 2, 3, 4, 5] });

/** From a time of day to another; `to` before `from` runs over midnight and belongs to the day on which it begins. */
export const hoursSchema = z
  .strictObject({
    days: weekdaysSchema,
    from: timeOfDaySchema.meta({ description: "Begin, included.", example: "09:00" }),
    to: timeOfDaySchema.meta({
      description: "End, excluded; before `from` it is the next day's.",
      example: "18:00",
    }),
  })
  .meta({ id: "Hours", description: "Opening hours on some weekdays." });
export type Hours = z.output<typeof hoursSchema>;

export const localDateSchema = z
  .string()
  .regex(z.regexes.date, "must be a date such as 2026-12-25")
  .meta({ description: "A day, wherever it is.", example: "2026-12-25" });

const frequencyCapSchema = z
  .strictObject({
    messages: z.number().int().min(1).max(1_000).meta({ description: "At most this many.", example: 3 }),
    per: durationSchema.meta({ description: "In any span of this length.", example: "P1D" }),
  })
  .meta({ id: "FrequencyCap", description: "How often rules may write to one lead, all rules together." });
export type FrequencyCap = z.output<typeof frequencyCapSchema>;

export const automationLimitsSchema = z
  .strictObject({
    startsPerMinute: z.number().int().min(1).max(100_000).default(1_000).meta({
      description: "Runs that may start in a minute; further ones queue, and none is dropped.",
      example: 1_000,
    }),
    frequencyCap: frequencyCapSchema
      .nullable()
      .default(null)
      .meta({ description: "How often rules may write to one lead; null: as often as they say." }),
  })
  .meta({ id: "AutomationLimits", description: "What rules may do to the tenant's leads." });
export type AutomationLimits = z.output<typeof automationLimitsSchema>;
