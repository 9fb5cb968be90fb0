/** Messages, as the API takes and shows them. */
import * as z from "zod";
import { objectIdSchema, timestampSchema, versionSchema } from "./common.contract";

export const messageStatusSchema = z
  .enum(["queued", "sending", "unknown", "sent", "failed", "delivered", "read", "played", "received"])
  .meta({
    description:
      "`queued`, `sending`: on its way. `unknown`: Meta may or may not have taken it; its status settles it, or a person sends it again. `failed`: see `error`. `received`: from the customer.",
    example: "delivered",
  });

export const messageKindSchema = z
  .enum([
    "text",
    "image",
    "audio",
    "video",
    "document",
    "sticker",
    "template",
    "interactive",
    "button",
    "location",
    "contacts",
    "reaction",
    "order",
    "system",
    "edit",
    "revoke",
    "note",
    "unsupported",
  ])
  .meta({
    description:
      "What it is; `unsupported` keeps what came in `content`. `reaction`, `edit` and `revoke` are about another message, which shows their result.",
    example: "text",
  });

const messageSenderSchema = z.object({
  type: z.enum(["lead", "user", "automation", "api", "system"]).meta({
    description: "What wrote it: the customer, a person, a rule, a key of the API, or ECOD itself.",
    example: "api",
  }),
  id: z.string().meta({ description: "Id of the lead, rule or key, or key of the user." }),
  ruleId: objectIdSchema.nullish().meta({ description: "The rule that sent it." }),
  runId: objectIdSchema.nullish().meta({ description: "The rule's run that sent it." }),
  stepId: z.string().nullish().meta({ description: "The step that sent it.", example: "s1" }),
});

export const messageSchema = z
  .object({
    id: objectIdSchema,
    version: versionSchema,
    conversationId: objectIdSchema.meta({ description: "The conversation it belongs to." }),
    leadId: objectIdSchema.meta({ description: "The customer." }),
    connectionId: objectIdSchema.meta({ description: "The WhatsApp number it went over." }),
    direction: z.enum(["inbound", "outbound"]).meta({ description: "From the customer, or to them." }),
    kind: messageKindSchema,
    text: z.string().nullable().meta({ description: "Text or caption.", example: "Hello" }),
    mediaIds: z.array(objectIdSchema).meta({ description: "Media of the message; see /api/crm/media/{id}." }),
    template: z
      .object({
        name: z.string().meta({ description: "Name of the template.", example: "welcome" }),
        language: z.string().meta({ description: "Language as Meta has it.", example: "en_US" }),
        variables: z
          .record(z.string(), z.string())
          .meta({ description: "The values that were sent, by key.", example: { first_name: "Ana" } }),
        rendered: z.string().meta({ description: "The body as the person sees it." }),
      })
      .nullable()
      .meta({ description: "The template that was sent; null: it is no template." }),
    content: z.record(z.string(), z.unknown()).nullable().meta({
      description: "What the kind holds beside text and media: location, contacts, answer, referral.",
    }),
    replyToProviderId: z
      .string()
      .nullable()
      .meta({ description: "Meta's id of the message this one quotes or reacts to." }),
    replyToId: objectIdSchema
      .nullable()
      .meta({ description: "The same message's id here; null while it is not known." }),
    reactions: z
      .array(
        z.object({
          from: z.string().meta({ description: "`lead`, or `business` for ours.", example: "lead" }),
          emoji: z.string().meta({ description: "The emoji.", example: "👍" }),
          at: timestampSchema,
        }),
      )
      .meta({ description: "Emoji that stand on it now." }),
    clientId: z.string().meta({ description: "The sender's own key of this message." }),
    providerMessageId: z.string().nullable().meta({ description: "Meta's id." }),
    status: messageStatusSchema,
    statusAt: z
      .partialRecord(messageStatusSchema, timestampSchema)
      .meta({ description: "When each status came." }),
    error: z
      .object({
        code: z.number().int().nullable().meta({ description: "Meta's code.", example: 131_047 }),
        title: z.string().meta({ description: "Meta's words for it.", example: "Re-engagement message" }),
        explanation: z.string().meta({ description: "What happened and what to do." }),
        retryable: z.boolean().meta({ description: "Whether sending it again may help." }),
      })
      .nullable()
      .meta({ description: "Why it failed." }),
    pricing: z.record(z.string(), z.unknown()).nullable().meta({ description: "What Meta charges." }),
    sender: messageSenderSchema.meta({ description: "Who wrote it." }),
    editedAt: timestampSchema
      .nullable()
      .meta({ description: "When its writer changed it; `text` is the new one." }),
    revokedAt: timestampSchema
      .nullable()
      .meta({ description: "When its writer deleted it for everyone; its content is gone." }),
    redactedAt: timestampSchema
      .nullable()
      .meta({ description: "When what it said was taken away here, for good; in WhatsApp it stays." }),
    sentAt: timestampSchema.meta({
      description: "Time of the message: Meta's when inbound, ours when outbound.",
    }),
    createdAt: timestampSchema,
    updatedAt: timestampSchema,
  })
  .meta({ id: "Message", description: "A message to or from a lead." });
export type Message = z.output<typeof messageSchema>;

export const retryMessageBodySchema = z
  .strictObject({
    acceptDoubt: z.boolean().optional().meta({
      description: "Required as true for a message that is `unknown`: it may then arrive twice.",
    }),
  })
  .meta({ id: "RetryMessage", example: { acceptDoubt: true } });
export type RetryMessageBody = z.output<typeof retryMessageBodySchema>;
