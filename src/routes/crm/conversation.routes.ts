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
import { messageSchema } from "../../contracts/message.contract";
import { sendMessageBodySchema } from "../../contracts/outgoing.content.contract";
import { defineRoute, type Route } from "../../lib/http/define.route";
import { getLead } from "../../services/saas/crm/lead.service";
import {
  changeConversation,
  getConversation,
  listConversations,
  openConversation,
  readConversation,
} from "../../services/saas/messaging/conversation.service";
import { listMessages } from "../../services/saas/messaging/message.list";
import { sendMessage } from "../../services/saas/messaging/message.service";
import { requestReadReceipt, showTyping } from "../../services/saas/whatsapp/receipt.service";
import { conversationSearchRoutes } from "./conversation.search.routes";
import { messageRoutes } from "./message.routes";
import { sendInput } from "./send.input";

const read = { kind: "tenant", scope: "conversations:read" } as const;
const write = { kind: "tenant", scope: "conversations:write" } as const;
const tag = "Conversations";
const params = z.strictObject({ id: objectIdSchema });

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
    operationId: "listLeadConversations",
    method: "GET",
    path: "/api/crm/leads/{id}/conversations",
    tag,
    summary: "List a lead's conversations",
    description:
      "One per WhatsApp number; the latest message first. The id of a merged lead leads to the other.",
    auth: read,
    input: { params, query: z.strictObject(pageQuery) },
    output: { status: 200, description: "Its conversations.", body: pageSchema(conversationSchema) },
    problems: ["not-found", "invalid-cursor"],
    run: async ({ ctx, params: { id }, query }) => {
      const lead = await getLead(ctx, id);
      return { body: await listConversations(ctx, { ...query, leadId: lead.id, sort: "recent" }) };
    },
  }),
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
  ...messageRoutes,
];
