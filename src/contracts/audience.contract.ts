/** Whom something is for that is done to many. */
import * as z from "zod";
import { objectIdSchema } from "./common.contract";
import { conditionSchema } from "./condition.contract";
import { leadWordsSchema } from "./lead.search.contract";

/** Exactly one way to say who. */
export const audienceSchema = z
  .strictObject({
    savedSearchId: objectIdSchema.optional().meta({ description: "Whom this saved search finds." }),
    condition: conditionSchema.optional().meta({
      description: "Or the leads for which this holds; `{ all: [] }` is everybody.",
      example: { all: [{ field: "lead.tags", op: "any_of", value: ["newsletter"] }] },
    }),
    query: leadWordsSchema.optional(),
  })
  .refine(
    ({ savedSearchId, condition, query }) =>
      (savedSearchId !== undefined) !== (condition !== undefined || query !== undefined),
    { error: "must have either a saved search, or a condition or words" },
  )
  .meta({
    id: "Audience",
    description: "To whom it goes: a saved search, a condition, words.",
    example: { condition: { all: [{ field: "lead.tags", op: "any_of", value: ["newsletter"] }] } },
  });
export type Audience = z.output<typeof audienceSchema>;
