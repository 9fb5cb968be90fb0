import * as z from "zod";
import { env } from "../lib/env/env";
import { AppError } from "../lib/errors/app.error";
import { defineRoute, type Route } from "../lib/http/define.route";
import { isSameToken } from "../lib/whatsapp/signature";
import { defaultEndpointId, receiveWebhook } from "../services/saas/whatsapp/receive.webhook.service";

const path = "/api/webhooks/whatsapp";
/** Meta's own limit of a delivery. */
const maxBytes = 3 * 1024 * 1024;

/** Meta's names hold dots: they are flat keys, not nested ones. */
const verificationQuery = z.strictObject({
  "hub.mode": z.string().optional().meta({ description: "Always `subscribe`.", example: "subscribe" }),
  "hub.verify_token": z
    .string()
    .optional()
    .meta({ description: "The token that was entered at Meta.", example: "my-verify-token" }),
  "hub.challenge": z
    .string()
    .max(256)
    .optional()
    .meta({ description: "Sent back as the whole answer.", example: "1158201444" }),
});

export const whatsappWebhookRoutes: readonly Route[] = [
  defineRoute({
    operationId: "verifyWhatsAppWebhook",
    method: "GET",
    path,
    tag: "WhatsApp webhook",
    summary: "Meta's check that this address is ours",
    auth: { kind: "public" },
    input: { query: verificationQuery },
    output: { status: 200, description: "The challenge.", contentType: "text/plain" },
    problems: ["verification-refused"],
    async run({ query }) {
      const expected = env().WHATSAPP_VERIFY_TOKEN;
      const isOurs =
        query["hub.mode"] === "subscribe" &&
        expected !== "" &&
        isSameToken(query["hub.verify_token"] ?? "", expected);
      if (!isOurs) {
        throw new AppError(
          "verification-refused",
          "The mode or the verify token is not what is configured here. Enter the same token at Meta and in WHATSAPP_VERIFY_TOKEN.",
        );
      }
      return { body: query["hub.challenge"] ?? "" };
    },
  }),
  defineRoute({
    operationId: "receiveWhatsAppWebhook",
    method: "POST",
    path,
    tag: "WhatsApp webhook",
    summary: "Meta delivers messages, statuses and account events",
    description:
      "Answers 200 as soon as everything is stored; processing follows. Deliveries may come in any order and any number of times.",
    auth: { kind: "public" },
    input: { body: { bytes: true, contentType: "application/json", maxBytes } },
    output: {
      status: 200,
      description: "Stored.",
      body: z
        .object({
          stored: z.number().int().meta({ description: "Items in this delivery." }),
        })
        .meta({ id: "WebhookReceipt" }),
    },
    problems: ["invalid-signature", "payload-too-large", "service-unavailable"],
    async run(request) {
      const { ctx, body } = request;
      const outcome = await receiveWebhook({
        rawBody: body,
        signature: request.header("x-hub-signature-256"),
        endpointId: defaultEndpointId,
        reception: { receivedAt: ctx.now(), requestId: ctx.requestId },
      });
      switch (outcome.kind) {
        case "stored":
          return { body: { stored: outcome.items } };
        case "refused":
          throw new AppError(
            "invalid-signature",
            "The body is not signed with this app's secret. Nothing was stored.",
          );
        case "not_stored":
          throw new AppError("service-unavailable", "Not everything could be stored. Deliver it again.", {
            retryAfterSeconds: 5,
          });
      }
    },
  }),
];
