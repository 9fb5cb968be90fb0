import { randomUUID } from "node:crypto";
import * as z from "zod";
import { objectIdSchema } from "../../contracts/common.contract";
import {
  changeLabelsSchema,
  changeParticipantsSchema,
  conversationCountsSchema,
  conversationSchema,
  privateNoteSchema,
  snoozeConversationSchema,
} from "../../contracts/conversation.contract";
import { messageSchema } from "../../contracts/message.contract";
import { assignmentSchema } from "../../contracts/team.contract";
import { defineRoute, type Route } from "../../lib/http/define.route";
import { countConversations } from "../../services/saas/messaging/conversation.list";
import {
  assignConversation,
  changeLabels,
  changeParticipants,
  setConversationStatus,
  snoozeConversation,
} from "../../services/saas/messaging/conversation.service";
import { addPrivateNote } from "../../services/saas/messaging/private.note.service";

const write = { kind: "tenant", scope: "conversations:write" } as const;
const tag = "Conversations";
const params = z.strictObject({ id: objectIdSchema });
const output = {
  status: 200,
  description: "The conversation as it is now.",
  body: conversationSchema,
} as const;

const reply = (conversation: z.output<typeof conversationSchema>) => ({
  body: conversation,
  version: conversation.version,
  leadId: conversation.leadId,
});

/** States that need nothing but the conversation. */
const turns = [
  {
    verb: "resolve",
    operationId: "resolveConversation",
    summary: "Resolve a conversation",
    description: "It is done with; a new message of the customer opens it again.",
    status: "resolved",
  },
  {
    verb: "reopen",
    operationId: "reopenConversation",
    summary: "Open a conversation again",
    description: "From any state.",
    status: "open",
  },
  {
    verb: "pend",
    operationId: "pendConversation",
    summary: "Wait for the customer or somebody else",
    description: "It stays in sight, but nobody of the tenant is to do anything now.",
    status: "pending",
  },
] as const;

/** What people do with conversations beside writing messages. */
export const inboxRoutes: readonly Route[] = [
  defineRoute({
    operationId: "countConversations",
    method: "GET",
    path: "/api/crm/conversation-counts",
    tag,
    summary: "Count conversations by state, person and team",
    description: "For the numbers beside an inbox; read from an index, whatever their number.",
    auth: { kind: "tenant", scope: "conversations:read" },
    input: {},
    output: { status: 200, description: "The counts.", body: conversationCountsSchema },
    problems: [],
    run: async ({ ctx }) => ({ body: await countConversations(ctx) }),
  }),
  defineRoute({
    operationId: "assignConversation",
    method: "POST",
    path: "/api/crm/conversations/{id}/assign",
    tag,
    summary: "Give a conversation to a person or a team",
    description:
      "To a person (`userId`), a team (`teamKey`), or with `how` to one of a team who is available. Whoever gets it is notified.",
    auth: write,
    input: { params, body: assignmentSchema },
    output,
    problems: ["not-found", "precondition-failed", "invalid-reference", "invalid-state"],
    idempotent: true,
    run: async ({ ctx, params: { id }, body, ifMatch }) =>
      reply(await assignConversation(ctx, { id, ifMatch }, body)),
  }),
  defineRoute({
    operationId: "snoozeConversation",
    method: "POST",
    path: "/api/crm/conversations/{id}/snooze",
    tag,
    summary: "Put a conversation aside until a time",
    description: "It opens again by itself then, or before, when the customer writes.",
    auth: write,
    input: { params, body: snoozeConversationSchema },
    output,
    problems: ["not-found", "precondition-failed", "invalid-state"],
    run: async ({ ctx, params: { id }, body, ifMatch }) =>
      reply(await snoozeConversation(ctx, { id, ifMatch }, body.until)),
  }),
  ...turns.map(({ verb, operationId, summary, description, status }) =>
    defineRoute({
      operationId,
      method: "POST",
      path: `/api/crm/conversations/{id}/${verb}`,
      tag,
      summary,
      description,
      auth: write,
      input: { params },
      output,
      problems: ["not-found", "precondition-failed"],
      run: async ({ ctx, params: { id }, ifMatch }) =>
        reply(await setConversationStatus(ctx, { id, ifMatch }, status)),
    }),
  ),
  defineRoute({
    operationId: "changeConversationLabels",
    method: "POST",
    path: "/api/crm/conversations/{id}/labels",
    tag,
    summary: "Add and remove labels",
    description: "Labels that are there already, or are not, change nothing.",
    auth: write,
    input: { params, body: changeLabelsSchema },
    output,
    problems: ["not-found", "precondition-failed", "invalid-state"],
    run: async ({ ctx, params: { id }, body, ifMatch }) =>
      reply(await changeLabels(ctx, { id, ifMatch }, body)),
  }),
  defineRoute({
    operationId: "changeConversationParticipants",
    method: "POST",
    path: "/api/crm/conversations/{id}/participants",
    tag,
    summary: "Add and remove people who follow a conversation",
    description: "Who follows it is notified of mentions and messages.",
    auth: write,
    input: { params, body: changeParticipantsSchema },
    output,
    problems: ["not-found", "precondition-failed", "invalid-reference", "invalid-state"],
    run: async ({ ctx, params: { id }, body, ifMatch }) =>
      reply(await changeParticipants(ctx, { id, ifMatch }, body)),
  }),
  defineRoute({
    operationId: "addPrivateNote",
    method: "POST",
    path: "/api/crm/conversations/{id}/notes",
    tag,
    summary: "Leave a note for colleagues",
    description: "It stands among the messages as one of kind `note`, and is never sent.",
    auth: write,
    input: { params, body: privateNoteSchema },
    output: { status: 201, description: "The note.", body: messageSchema },
    problems: ["not-found", "invalid-reference"],
    idempotent: true,
    run: async (request) => {
      const key = request.header("idempotency-key");
      const clientId = `note:${key ?? randomUUID()}`;
      const note = await addPrivateNote(request.ctx, request.params.id, { ...request.body, clientId });
      return { body: note, version: note.version, leadId: note.leadId };
    },
  }),
];
