/** Conversations: one per lead and WhatsApp number, as the API takes and shows them. */
import * as z from "zod";
import { objectIdSchema, pageQuery, timestampInputSchema, timestampSchema } from "./common.contract";

export const conversationStatusSchema = z
  .enum(["open", "pending", "snoozed", "resolved"])
  .meta({ description: "A new message from the customer opens it again.", example: "open" });
export const conversationPrioritySchema = z
  .enum(["none", "low", "medium", "high", "urgent"])
  .meta({ description: "Priority.", example: "high" });

const assigneeSchema = z.string().min(1).max(128).meta({ description: "Who answers.", example: "maria" });
const labelSchema = z.string().trim().min(1).max(64);

export const conversationSchema = z
  .object({
    id: objectIdSchema,
    version: z.number().int(),
    leadId: objectIdSchema,
    channel: z.literal("whatsapp"),
    connectionId: objectIdSchema.meta({ description: "The WhatsApp number it runs over." }),
    status: conversationStatusSchema,
    snoozedUntil: timestampSchema.nullable(),
    priority: conversationPrioritySchema,
    assigneeId: z.string().nullable(),
    teamId: objectIdSchema.nullable(),
    labels: z.array(z.string()),
    unreadCount: z.number().int().nonnegative(),
    lastMessage: z
      .object({
        id: objectIdSchema,
        preview: z.string(),
        direction: z.enum(["inbound", "outbound"]),
        at: timestampSchema,
      })
      .nullable(),
    lastInboundAt: timestampSchema.nullable(),
    windowExpiresAt: timestampSchema
      .nullable()
      .meta({ description: "Until then anything may be sent; afterwards templates only." }),
    waitingSince: timestampSchema
      .nullable()
      .meta({ description: "The customer's first message that nobody has answered." }),
    firstReplyAt: timestampSchema.nullable(),
    resolvedAt: timestampSchema.nullable(),
    createdAt: timestampSchema,
    updatedAt: timestampSchema,
  })
  .meta({ id: "Conversation", description: "All messages with one lead over one number." });
export type Conversation = z.output<typeof conversationSchema>;

export const openConversationBodySchema = z.strictObject({
  leadId: objectIdSchema,
  connectionId: objectIdSchema.optional().meta({ description: "The tenant's default number when absent." }),
});

export const changeConversationBodySchema = z
  .strictObject({
    status: conversationStatusSchema.optional(),
    snoozedUntil: timestampInputSchema.nullish(),
    priority: conversationPrioritySchema.optional(),
    assigneeId: assigneeSchema.nullish(),
    teamId: objectIdSchema.nullish(),
    labels: z.array(labelSchema).max(50).optional(),
  })
  .refine((body) => body.status !== "snoozed" || Boolean(body.snoozedUntil), {
    error: "a snoozed conversation needs snoozedUntil",
    path: ["snoozedUntil"],
  })
  .meta({ example: { status: "resolved" } });
export type ChangeConversationBody = z.output<typeof changeConversationBodySchema>;

export const conversationListQuerySchema = z.strictObject({
  ...pageQuery,
  status: conversationStatusSchema.optional(),
  assigneeId: assigneeSchema.optional(),
  leadId: objectIdSchema.optional(),
  connectionId: objectIdSchema.optional(),
  unread: z
    .enum(["true", "false"])
    .transform((value) => value === "true")
    .optional()
    .meta({ description: "Only those with unread messages.", example: "true" }),
});
export type ConversationListQuery = z.output<typeof conversationListQuerySchema>;

export const readConversationBodySchema = z
  .strictObject({
    sendReceipt: z.boolean().optional().meta({
      description: "Also show the customer that their messages were read.",
      example: true,
    }),
  })
  .meta({ id: "ReadConversation", example: { sendReceipt: true } });
