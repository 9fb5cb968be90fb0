/** When rules and broadcasts may write to leads. */
import * as z from "zod";
import { hoursSchema } from "./hours.contract";
import { timezoneSchema } from "./settings.contract";

const outside = z
  .enum(["defer", "skip"])
  .default("defer")
  .meta({ description: "Outside the window: wait for the next opening, or leave the step out." });
const zone = z
  .union([z.enum(["lead", "tenant"]), timezoneSchema])
  .default("lead")
  .meta({
    description: "Whose clock: the lead's (else the tenant's), the tenant's, or a zone.",
    example: "lead",
  });
const holidays = z
  .enum(["closed", "ignore"])
  .default("closed")
  .meta({ description: "Whether the tenant's holidays are closed." });

export const sendWindowSchema = z
  .union([
    z.strictObject({ ...hoursSchema.partial({ days: true }).shape, timezone: zone, outside, holidays }),
    z.strictObject({
      hours: z.literal("business").meta({ description: "The tenant's business hours." }),
      timezone: zone,
      outside,
      holidays,
    }),
  ])
  .meta({ id: "SendWindow", description: "When the rule may write to leads." });
export type SendWindow = z.output<typeof sendWindowSchema>;
