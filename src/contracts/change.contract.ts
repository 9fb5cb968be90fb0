/** The log of everything that changed in a tenant. */
import * as z from "zod";
import { crmEventSchema } from "./crm.event.contract";

export const listChangesQuery = z.strictObject({
  after: z.coerce.number().int().min(0).max(Number.MAX_SAFE_INTEGER).optional().meta({
    description: "`seq` of the last event you have; absent: from the oldest that is kept.",
    example: 0,
  }),
  limit: z.coerce.number().int().min(1).max(100).default(25).meta({ description: "Page size.", example: 25 }),
});
export type ListChanges = z.output<typeof listChangesQuery>;

export const changesSchema = z
  .object({
    data: z.array(crmEventSchema).meta({ description: "Events, by rising `seq`." }),
    nextCursor: z
      .string()
      .nullable()
      .meta({ description: "Pass as `after` for the rest; null when there is none yet." }),
    hasMore: z.boolean().meta({ description: "Whether there are more at once." }),
    lastSeq: z
      .number()
      .int()
      .meta({ description: "Pass as `after` next time, whether or not there is more now.", example: 41 }),
  })
  .meta({ id: "Changes", description: "Events in the order they were committed." });
export type Changes = z.input<typeof changesSchema>;
