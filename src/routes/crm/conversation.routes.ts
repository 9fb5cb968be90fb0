import { randomUUID } from "node:crypto";
import * as z from "zod";
import { objectIdSchema, pageQuery, pageSchema } from "../../contracts/common.contract";
import {
  changeConversationBodySchema,
  conversationListQuerySchema,
  conversationSchema,
  listMessagesQuery,
  openConversationBodySchema,
  readConversationBodySchema,
} from "../../contracts/conversation.contract";
import { messageSchema, retryMessageBodySchema } from "../../contracts/message.contract";
import {
  reactBodySchema,
  type SendMessageBody,
  sendMessageBodySchema,
} from "../../contracts/outgoing.content.contract";
import { defineRoute, type Route } from "../../lib/http/define.route";
import {
  changeConversation,
  getConversation,
  listConversations,
  openConversation,
  readConversation,
} from "../../services/saas/messaging/conversation.service";
import { getMessage, listMessages, listMessagesToReview } from "../../services/saas/messaging/message.list";
import { sendMessage } from "../../services/saas/messaging/message.service";
import { retryMessage } from "../../services/saas/messaging/retry.message.service";
import { requestReadReceipt, showTyping } from "../../services/saas/whatsapp/receipt.service";
import { conversationSearchRoutes } from "./conversation.search.routes";

const read = { kind: "tenant", scope: "conversations:read" } as const;
const write = { kind: "tenant", scope: "conversations:write" } as const;
const tag = "Conversations";
const params = z.strictObject({ id: objectIdSchema });

/** The caller's own key, else the Idempotency-Key: two requests with one of them are one message. */
function sendInput(body: SendMessageBody, idempotencyKey: string | undefined) {
  const key = idempotencyKey === undefined ? randomUUID() : `key:${idempotencyKey}`;
  if (body.kind === "reaction") {
    const { clientId = key, ...content } = body;
    return { clientId, content };
  }
  const { clientId = key, replyToId, ...content } = body;
  return { clientId, replyToId, content };
}

/** Conversations and their messages. */
export const conversationRoutes: readonly Route[] = [
  defineRoute({
    operationId: "listConversations",
    method: "GET",
    path: "/api/crm/conversations",
    tag,
    summary: "List conversations",
    description:
      "By state, person, team, label and words; the latest message first, or who waits the longest.",
    auth: read,
    input: { query: conversationListQuerySchema },
    output: {
      status: 200,
      description: "Conversations, the latest message first.",
      body: pageSchema(conversationSchema),
    },
    problems: ["invalid-cursor"],
    run: async ({ ctx, query }) => ({ body: await listConversations(ctx, query) }),
  }),
  ...conversationSearchRoutes,
  defineRoute({
    operationId: "openConversation",
    method: "POST",
    path: "/api/crm/conversations",
    tag,
    summary: "Open the conversation with a lead",
    description: "Gives the one that is there, or makes it. Nothing is sent.",
    auth: write,
    input: { body: openConversationBodySchema },
    output: { status: 200, description: "The conversation.", body: conversationSchema },
    problems: ["invalid-reference", "invalid-state"],
    idempotent: true,
    async run({ ctx, body }) {
      const conversation = await openConversation(ctx, body);
      return { body: conversation, version: conversation.version, leadId: conversation.leadId };
    },
  }),
  defineRoute({
    operationId: "getConversation",
    method: "GET",
    path: "/api/crm/conversations/{id}",
    tag,
    summary: "Read a conversation",
    description:
      "The id of a conversation that was joined to another, when their leads were merged, leads to that one: `id` in " +
      "the answer is the one to keep, and `Content-Location` names it.",
    auth: read,
    input: { params },
    output: { status: 200, description: "The conversation.", body: conversationSchema },
    problems: ["not-found"],
    async run({ ctx, params: { id } }) {
      const conversation = await getConversation(ctx, id);
      const place = `/api/crm/conversations/${conversation.id}`;
      const moved = conversation.id === id ? {} : { headers: { "content-location": place } };
      return { body: conversation, version: conversation.version, ...moved };
    },
  }),
  defineRoute({
    operationId: "changeConversation",
    method: "PATCH",
    path: "/api/crm/conversations/{id}",
    tag,
    summary: "Change status, assignee, priority or labels",
    description: "Merge patch: absent stays, null takes away. Whoever it is given to is notified.",
    auth: write,
    input: { params, body: changeConversationBodySchema },
    output: { status: 200, description: "The conversation.", body: conversationSchema },
    problems: ["not-found", "precondition-failed", "invalid-reference"],
    async run({ ctx, params: { id }, body, ifMatch }) {
      const conversation = await changeConversation(ctx, { id, ifMatch }, body);
      return { body: conversation, version: conversation.version };
    },
  }),
  defineRoute({
    operationId: "readConversation",
    method: "POST",
    path: "/api/crm/conversations/{id}/read",
    tag,
    summary: "Mark everything as read",
    description:
      "For ourselves; with `sendReceipt` the customer sees it too, as blue ticks, in the background.",
    auth: write,
    input: { params, body: readConversationBodySchema.optional() },
    output: { status: 200, description: "The conversation.", body: conversationSchema },
    problems: ["not-found"],
    async run({ ctx, params: { id }, body }) {
      const conversation = await readConversation(ctx, id);
      if (body?.sendReceipt) await requestReadReceipt(ctx, id);
      return { body: conversation, version: conversation.version };
    },
  }),
  defineRoute({
    operationId: "showTyping",
    method: "POST",
    path: "/api/crm/conversations/{id}/typing",
    tag,
    summary: "Show the customer that an answer is being written",
    description:
      "For 25 seconds, or until our next message. The customer also sees that their message was read.",
    auth: write,
    input: { params },
    output: { status: 204, description: "It is shown." },
    problems: ["not-found", "invalid-state", "service-unavailable"],
    async run({ ctx, params: { id } }) {
      await showTyping(ctx, id);
      return { body: undefined };
    },
  }),
  defineRoute({
    operationId: "listMessages",
    method: "GET",
    path: "/api/crm/conversations/{id}/messages",
    tag,
    summary: "List a conversation's messages",
    auth: read,
    description: "The newest first; from one message on, back with `before` and forth with `after`.",
    input: { params, query: listMessagesQuery },
    output: { status: 200, description: "Messages.", body: pageSchema(messageSchema) },
    problems: ["not-found", "invalid-cursor", "invalid-reference"],
    run: async ({ ctx, params: { id }, query }) => ({ body: await listMessages(ctx, id, query) }),
  }),
  defineRoute({
    operationId: "sendMessage",
    method: "POST",
    path: "/api/crm/conversations/{id}/messages",
    tag,
    summary: "Send a message",
    description:
      "Stores it as `queued` and sends it in the background; follow `status`. Outside the 24-hour window only templates are taken. It is never sent twice: the same `clientId`, or the same Idempotency-Key, is the same message.",
    auth: write,
    input: { params, body: sendMessageBodySchema },
    output: { status: 202, description: "The stored message.", body: messageSchema },
    problems: [
      "not-found",
      "invalid-reference",
      "invalid-state",
      "opted-out",
      "outside-service-window",
      "template-not-sendable",
      "missing-variable",
      "invalid-variable",
      "media-unsupported",
      "url-not-allowed",
    ],
    idempotent: true,
    async run(request) {
      const input = sendInput(request.body, request.header("idempotency-key"));
      const message = await sendMessage(request.ctx, { conversationId: request.params.id, ...input });
      return { body: message, version: message.version, leadId: message.leadId };
    },
  }),
  defineRoute({
    operationId: "sendMessageToLead",
    method: "POST",
    path: "/api/crm/leads/{id}/messages",
    tag,
    summary: "Send a message to a lead",
    description: "As `sendMessage`; opens the conversation when there is none.",
    auth: write,
    input: {
      params,
      query: z.strictObject({
        connectionId: objectIdSchema.optional().meta({ description: "The number to write from." }),
      }),
      body: sendMessageBodySchema,
    },
    output: { status: 202, description: "The stored message.", body: messageSchema },
    problems: [
      "not-found",
      "invalid-reference",
      "invalid-state",
      "opted-out",
      "outside-service-window",
      "template-not-sendable",
      "missing-variable",
      "invalid-variable",
      "media-unsupported",
      "url-not-allowed",
    ],
    idempotent: true,
    async run(request) {
      const { connectionId } = request.query;
      const input = sendInput(request.body, request.header("idempotency-key"));
      const message = await sendMessage(request.ctx, { leadId: request.params.id, connectionId, ...input });
      return { body: message, version: message.version, leadId: message.leadId };
    },
  }),
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
];
