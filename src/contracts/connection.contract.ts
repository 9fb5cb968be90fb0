/** The tenant's own WhatsApp numbers, and what came over them that is not used. */
import * as z from "zod";
import { objectIdSchema, pageQuery, timestampSchema, versionSchema } from "./common.contract";

export const listConnectionsQuery = z.strictObject({
  ...pageQuery,
  state: z
    .enum(["active", "paused", "disconnected"])
    .optional()
    .meta({ description: "Only numbers in this state.", example: "active" }),
});
export type ListConnections = z.output<typeof listConnectionsQuery>;

export const connectionSchema = z
  .object({
    id: objectIdSchema.meta({
      description: "What `connectionId` names.",
      example: "66f0c0ffee66f0c0ffee66f0",
    }),
    version: versionSchema,
    channel: z.literal("whatsapp").meta({ description: "What it is a number of." }),
    phoneNumberId: z.string().meta({ description: "Meta's id of the number.", example: "900100200300400" }),
    wabaId: z
      .string()
      .meta({ description: "Meta's id of the WhatsApp account.", example: "800100200300400" }),
    displayPhoneNumber: z.string().meta({ description: "The number itself.", example: "+1 555-000-1111" }),
    verifiedName: z.string().nullable().meta({ description: "The name that people see.", example: "Acme" }),
    isDefault: z.boolean().meta({ description: "Whether it is written from when none is named." }),
    state: z.enum(["active", "paused", "disconnected"]).meta({
      description: "`paused`: messages wait. `disconnected`: it is another's or nobody's; its history stays.",
      example: "active",
    }),
    pausedReason: z.string().nullable().meta({ description: "Why it is paused, as a sentence." }),
    pausedAt: timestampSchema.nullable().meta({ description: "When it was paused; null: it is not." }),
    disconnectedAt: timestampSchema.nullable().meta({ description: "When it was let go; null: it is not." }),
    qualityRating: z.string().nullable().meta({ description: "Meta's word.", example: "GREEN" }),
    messagingLimit: z.string().nullable().meta({
      description: "How many people may be written to first in 24 hours, in Meta's word.",
      example: "TIER_1K",
    }),
    messagesPerSecond: z.number().int().nullable().meta({
      description: "Meta's throughput of the number, sent and received; null: not said, so 80.",
      example: 80,
    }),
    nameStatus: z.string().nullable().meta({ description: "Meta's word on the name.", example: "APPROVED" }),
    accountStatus: z.string().nullable().meta({ description: "Meta's last word on the account." }),
    missing: z.array(z.string()).meta({
      description: "What still has to be done before the number works in full, in sentences; empty: nothing.",
      example: [],
    }),
    createdAt: timestampSchema,
    updatedAt: timestampSchema,
  })
  .meta({ id: "Connection", description: "A WhatsApp number of the tenant." });
export type Connection = z.input<typeof connectionSchema>;

export const unusedKindsQuery = z.strictObject({
  since: timestampSchema.optional().meta({
    description: "Only what came from then on. What is kept raw is kept for 30 days.",
    example: "2026-11-01T00:00:00.000Z",
  }),
});
export type UnusedKindsQuery = z.output<typeof unusedKindsQuery>;

const unusedKindSchema = z
  .object({
    outcome: z.enum(["unsupported", "ignored", "failed"]).meta({
      description:
        "`unsupported`: a message of a type that is not known, kept raw and shown in its conversation. `ignored`: kept raw, nothing more. `failed`: an alert was raised.",
      example: "ignored",
    }),
    field: z.string().meta({ description: "Meta's webhook field.", example: "flows" }),
    what: z.string().nullable().meta({
      description: "Within the field: the type of a message, the word of a status, the event.",
      example: "FLOW_STATUS_CHANGE",
    }),
    count: z.number().int().meta({ description: "How many came.", example: 3 }),
    lastAt: timestampSchema.meta({ description: "When the latest of them came." }),
    reason: z.string().nullable().meta({
      description: "Why the latest of them was not used.",
      example: "Groups are not supported; it is kept raw.",
    }),
  })
  .meta({ id: "UnusedKind", description: "What came from Meta and is not used, by its kind." });
export type UnusedKind = z.input<typeof unusedKindSchema>;

export const unusedKindsSchema = z
  .object({ data: z.array(unusedKindSchema).meta({ description: "The most frequent first; at most 100." }) })
  .meta({ id: "UnusedKinds" });
