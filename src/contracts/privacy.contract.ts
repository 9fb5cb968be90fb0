import * as z from "zod";
import { actorSchema, objectIdSchema, timestampSchema } from "./common.contract";

export const erasePersonSchema = z.strictObject({
  leadId: objectIdSchema.meta({ description: "The person's lead; a deleted or merged one too." }),
  reason: z
    .string()
    .trim()
    .max(500)
    .optional()
    .meta({ description: "Kept with the proof; name no person in it.", example: "Request of 2026-11-20" }),
});

export const erasureSchema = z
  .object({
    id: objectIdSchema,
    leadId: objectIdSchema,
    state: z
      .enum(["queued", "running", "done"])
      .meta({ description: "`done`: nothing of the person is left." }),
    reason: z.string().nullable().meta({ description: "Why, as it was given; null: not said." }),
    requestedBy: actorSchema,
    identifierHashes: z.array(z.string()).meta({
      description: "Keyed hashes of the person's numbers and ids: proof of who was meant, without saying it.",
    }),
    counts: z.record(z.string(), z.number().int()).meta({ description: "Rows that went, by collection." }),
    requestedAt: timestampSchema,
    endedAt: timestampSchema.nullable(),
  })
  .meta({ id: "Erasure", description: "The proof that a person was erased." });
export type Erasure = z.infer<typeof erasureSchema>;

export const personalRecordSchema = z
  .object({
    collection: z.string().meta({ description: "What kind of record it is.", example: "messages" }),
    record: z.record(z.string(), z.unknown()).meta({
      description: "The record as it is stored. Bytes of media: `GET /api/crm/media/{id}/content`.",
    }),
  })
  .meta({ id: "PersonalRecord", description: "Something stored about a person." });
export type PersonalRecord = z.input<typeof personalRecordSchema>;
