import * as z from "zod";
import { objectIdSchema, pageQuery, pageSchema } from "../../contracts/common.contract";
import { messageSchema, retryMessageBodySchema } from "../../contracts/message.contract";
import { reactBodySchema } from "../../contracts/outgoing.content.contract";
import { defineRoute, type Route } from "../../lib/http/define.route";
import { getMessage, listMessagesToReview } from "../../services/saas/messaging/message.list";
import { sendMessage } from "../../services/saas/messaging/message.service";
import { redactMessage } from "../../services/saas/messaging/redact.message.service";
import { retryMessage } from "../../services/saas/messaging/retry.message.service";
import { sendInput } from "./send.input";

const read = { kind: "tenant", scope: "conversations:read" } as const;
const write = { kind: "tenant", scope: "conversations:write" } as const;
const tag = "Conversations";
const params = z.strictObject({ id: objectIdSchema });

/** Messages one by one. */
export const messageRoutes: readonly Route[] = [
  defineRoute({
    operationId: "listMessagesToReview",
    method: "GET",
    path: "/api/crm/messages",
    tag,
    summary: "List messages whose fate is unknown",
    description:
      "Messages that are `unknown` for 15 minutes: Meta may or may not have taken them. They are not sent again by themselves; a status from Meta still settles them, or `retryMessage` sends them.",
    auth: read,
    input: { query: z.strictObject(pageQuery) },
    output: { status: 200, description: "The longest unknown first.", body: pageSchema(messageSchema) },
    problems: ["invalid-cursor"],
    run: async ({ ctx, query }) => ({ body: await listMessagesToReview(ctx, query) }),
  }),
  defineRoute({
    operationId: "getMessage",
    method: "GET",
    path: "/api/crm/messages/{id}",
    tag,
    summary: "Read a message",
    description: "With its state and the times at which it was sent, delivered and read.",
    auth: read,
    input: { params },
    output: { status: 200, description: "The message.", body: messageSchema },
    problems: ["not-found"],
    async run({ ctx, params: { id } }) {
      const message = await getMessage(ctx, id);
      return { body: message, version: message.version };
    },
  }),
  defineRoute({
    operationId: "reactToMessage",
    method: "POST",
    path: "/api/crm/messages/{id}/reactions",
    tag,
    summary: "React to a message",
    description:
      "One emoji in its conversation; an empty one takes ours back. WhatsApp takes reactions to messages of the last 30 " +
      "days, inside the service window. The answer is the reaction's own message, `queued`.",
    auth: write,
    input: { params, body: reactBodySchema },
    output: { status: 202, description: "The reaction, `queued`.", body: messageSchema },
    problems: ["not-found", "invalid-state", "invalid-reference", "opted-out", "outside-service-window"],
    idempotent: true,
    async run({ ctx, params: { id }, body: { emoji }, header }) {
      const { conversationId } = await getMessage(ctx, id);
      const reaction = { kind: "reaction", reaction: { messageId: id, emoji } } as const;
      const input = sendInput(reaction, header("idempotency-key"));
      const message = await sendMessage(ctx, { conversationId, ...input });
      return { body: message, version: message.version, leadId: message.leadId };
    },
  }),
  defineRoute({
    operationId: "retryMessage",
    method: "POST",
    path: "/api/crm/messages/{id}/retry",
    tag,
    summary: "Send a message again",
    description:
      "For one that is `failed` with an error that is `retryable`, and for one that is `unknown` when `acceptDoubt` is true: Meta may have taken it, so it may arrive twice. It is `queued` again; follow `status`.",
    auth: write,
    input: { params, body: retryMessageBodySchema.optional() },
    output: { status: 202, description: "The message, `queued` again.", body: messageSchema },
    problems: ["not-found", "precondition-failed", "invalid-state", "opted-out", "outside-service-window"],
    idempotent: true,
    async run({ ctx, params: { id }, body, ifMatch }) {
      const message = await retryMessage(ctx, { id, ifMatch }, body);
      return { body: message, version: message.version, leadId: message.leadId };
    },
  }),
  defineRoute({
    operationId: "redactMessage",
    method: "DELETE",
    path: "/api/crm/messages/{id}",
    tag,
    summary: "Take away what a message said",
    description:
      "For good, with its edits, the media that came with it and Meta's raw webhook; that there was a message, when " +
      "and from whom, stays. In WhatsApp it stays as it is. Of a private note the same. Repeating it changes nothing.",
    auth: write,
    input: { params },
    output: { status: 200, description: "The message without its content.", body: messageSchema },
    problems: ["not-found", "precondition-failed", "invalid-state"],
    async run({ ctx, params: { id }, ifMatch }) {
      const message = await redactMessage(ctx, { id, ifMatch });
      return { body: message, version: message.version };
    },
  }),
];
