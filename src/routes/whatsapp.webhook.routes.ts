import * as z from "zod";
import type { PlatformContext } from "../lib/context/tenant.context";
import { env } from "../lib/env/env";
import { AppError } from "../lib/errors/app.error";
import { defineRoute, type Route } from "../lib/http/define.route";
import { isSameToken } from "../lib/whatsapp/signature";
import { defaultEndpointId, readEndpoint } from "../services/saas/whatsapp/endpoint.service";
import { receiveWebhook, type WebhookDelivery } from "../services/saas/whatsapp/receive.webhook.service";

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

const ownPath = `${path}/{endpointId}` as const;
const ownParams = z.strictObject({
  endpointId: z
    .string()
    .regex(/^[0-9a-f]{24}$/, "must be the id that the endpoint was given")
    .meta({ description: "The endpoint of a tenant's own Meta app.", example: "66f0c0ffee66f0c0ffee66f0" }),
});

const verification = {
  tag: "WhatsApp webhook",
  auth: { kind: "public" },
  output: { status: 200, description: "The challenge.", contentType: "text/plain" },
  problems: ["verification-refused"],
} as const;

const delivery = {
  tag: "WhatsApp webhook",
  description:
    "Answers 200 as soon as everything is stored; processing follows. Deliveries may come in any order and any number of times.",
  auth: { kind: "public" },
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
} as const;
const body = { bytes: true, contentType: "application/json", maxBytes } as const;

/** @param expected the token that was entered at Meta; empty: none was. @returns Meta's challenge. */
function answerChallenge(query: z.output<typeof verificationQuery>, expected: string): string {
  const isOurs =
    query["hub.mode"] === "subscribe" &&
    isSameToken(query["hub.verify_token"] ?? "", expected) &&
    expected !== "";
  if (isOurs) return query["hub.challenge"] ?? "";
  throw new AppError(
    "verification-refused",
    "The mode or the verify token is not what is configured here. Enter the same token at Meta and here.",
  );
}

async function receive(received: Omit<WebhookDelivery, "reception">, ctx: PlatformContext) {
  const reception = { receivedAt: ctx.now(), requestId: ctx.requestId };
  const outcome = await receiveWebhook({ ...received, reception });
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
}

const signatureHeader = "x-hub-signature-256";

export const whatsappWebhookRoutes: readonly Route[] = [
  defineRoute({
    ...verification,
    operationId: "verifyWhatsAppWebhook",
    method: "GET",
    path,
    summary: "Meta's check that this address is ours",
    description: "Meta sends a challenge; it is sent back when the verify token is right.",
    input: { query: verificationQuery },
    run: async ({ query }) => ({ body: answerChallenge(query, env().WHATSAPP_VERIFY_TOKEN) }),
  }),
  defineRoute({
    ...delivery,
    operationId: "receiveWhatsAppWebhook",
    method: "POST",
    path,
    summary: "Meta delivers messages, statuses and account events",
    input: { body },
    run: (request) =>
      receive(
        {
          rawBody: request.body,
          signature: request.header(signatureHeader),
          endpointId: defaultEndpointId,
        },
        request.ctx,
      ),
  }),
  defineRoute({
    ...verification,
    operationId: "verifyOwnWhatsAppWebhook",
    method: "GET",
    path: ownPath,
    summary: "Meta's check of the address of a tenant's own app",
    description: "The same for an address of a tenant's own app, with that address's verify token.",
    input: { params: ownParams, query: verificationQuery },
    run: async ({ params, query }) => ({
      body: answerChallenge(query, (await readEndpoint(params.endpointId))?.verifyToken ?? ""),
    }),
  }),
  defineRoute({
    ...delivery,
    operationId: "receiveOwnWhatsAppWebhook",
    method: "POST",
    path: ownPath,
    summary: "Meta delivers for a tenant's own app",
    input: { params: ownParams, body },
    run: (request) =>
      receive(
        {
          rawBody: request.body,
          signature: request.header(signatureHeader),
          endpointId: request.params.endpointId,
        },
        request.ctx,
      ),
  }),
];
