/** What became of Meta's webhooks, as the platform's administration sees it: ids, states and our sentences only. */
import * as z from "zod";
import { objectIdSchema, pageQuery, timestampSchema } from "./common.contract";
import { webhookItemKinds } from "./whatsapp.webhook.contract";

export const webhookEventStates = ["received", "processed", "ignored", "failed"] as const;
export const quarantineReasons = [
  "unknown_route",
  "wrong_endpoint",
  "route_conflict",
  "tenant_unavailable",
  "unreadable",
] as const;
export type QuarantineReason = (typeof quarantineReasons)[number];

export const listWebhookEventsQuery = z.strictObject({
  ...pageQuery,
  clientCode: z.string().max(64).meta({ description: "The tenant whose webhooks to list.", example: "demo" }),
  state: z.enum(webhookEventStates).optional().meta({ description: "Only these.", example: "ignored" }),
  messageId: z.string().min(1).max(512).optional().meta({
    description: "Only the message with this id of Meta's, and its statuses.",
    example: "wamid.HBgM",
  }),
});
export type ListWebhookEvents = z.output<typeof listWebhookEventsQuery>;

export const webhookEventViewSchema = z
  .object({
    id: objectIdSchema,
    key: z.string().meta({
      description:
        "What it is: `m:<phoneNumberId>:<message id>`, `s:<message id>:<status>`, or `h:<hash>` of anything else.",
      example: "m:100200300400500:wamid.HBgM",
    }),
    field: z.string().meta({ description: "Meta's field.", example: "messages" }),
    kind: z.enum(webhookItemKinds).meta({ description: "What it is.", example: "message" }),
    wabaId: z
      .string()
      .meta({ description: "Meta's id of the WhatsApp account.", example: "800100200300400" }),
    phoneNumberId: z
      .string()
      .nullable()
      .meta({ description: "Meta's id of the number; null: it is about the account." }),
    state: z.enum(webhookEventStates).meta({
      description: "`received`: still to be taken up, or waiting for another.",
      example: "processed",
    }),
    reason: z.string().nullable().meta({
      description: "Why it waits, was ignored, or failed. Null: nothing to say.",
      example: "Its message is not known here yet.",
    }),
    attempts: z.number().int().meta({ description: "Attempts that failed." }),
    receivedAt: timestampSchema,
    processedAt: timestampSchema.nullable().meta({ description: "When it was dealt with; null: not yet." }),
    requestId: z.string().meta({ description: "The delivery that brought it first.", example: "req_4f1c" }),
  })
  .meta({ id: "WebhookEvent", description: "One item of a webhook and what became of it." });
export type WebhookEventView = z.output<typeof webhookEventViewSchema>;

export const listQuarantineQuery = z.strictObject({
  ...pageQuery,
  state: z.enum(["held", "replayed"]).optional().meta({ description: "Only these.", example: "held" }),
});
export type ListQuarantine = z.output<typeof listQuarantineQuery>;

export const quarantineViewSchema = z
  .object({
    id: objectIdSchema,
    reason: z.enum(quarantineReasons).meta({
      description:
        "`unknown_route`: no tenant has the number. `wrong_endpoint`: it came over another's Meta app. `route_conflict`: its parts name several tenants. `tenant_unavailable`: the tenant's database did not answer. `unreadable`: it is not what Meta sends.",
      example: "unknown_route",
    }),
    clientCode: z
      .string()
      .nullable()
      .meta({ description: "The tenant, where it is known.", example: "demo" }),
    endpointId: z.string().meta({ description: "The Meta app it came over.", example: "default" }),
    routeKey: z.string().nullable().meta({
      description: "The number (`pn:`) or account (`waba:`) that no tenant has.",
      example: "pn:100200300400500",
    }),
    state: z
      .enum(["held", "replayed"])
      .meta({ description: "`replayed`: it went to its tenant after all.", example: "held" }),
    receivedAt: timestampSchema,
    expireAt: timestampSchema.meta({ description: "When it is erased." }),
    requestId: z.string().meta({ description: "The delivery that brought it.", example: "req_4f1c" }),
  })
  .meta({ id: "QuarantinedWebhook", description: "Webhook items that could not be stored with a tenant." });
export type QuarantineView = z.output<typeof quarantineViewSchema>;
