import * as z from "zod";

export const stepIdSchema = z
  .string()
  .regex(/^[a-z][a-z0-9_]{0,31}$/, "must be a short lower case name, unique in the rule")
  .meta({ description: "Name of the step, unique in the rule.", example: "s1" });

/** Names another step; only forward. */
export const jumpSchema = stepIdSchema.meta({ description: "A later step.", example: "s2" });
