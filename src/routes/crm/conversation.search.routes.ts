import { pageSchema } from "../../contracts/common.contract";
import { conversationSchema } from "../../contracts/conversation.contract";
import { searchConversationsSchema } from "../../contracts/conversation.search.contract";
import { defineRoute, type Route } from "../../lib/http/define.route";
import { searchConversations } from "../../services/saas/messaging/conversation.search";

/** Conversations by what they are and whom they are with. */
export const conversationSearchRoutes: readonly Route[] = [
  defineRoute({
    operationId: "searchConversations",
    method: "POST",
    path: "/api/crm/conversations/search",
    tag: "Conversations",
    summary: "Search conversations",
    description:
      "By a condition in the grammar of rules on the conversation, its lead, or both; by words; or by all of them. " +
      "What is asked of a lead is found for any number of leads; what only few of very many conversations have may " +
      "take too long and is then 503 `timed-out`: name a field that narrows it, such as the status or the assignee.",
    auth: { kind: "tenant", scope: "conversations:read", also: "leads:read" },
    input: { body: searchConversationsSchema },
    output: { status: 200, description: "A page of conversations.", body: pageSchema(conversationSchema) },
    problems: ["invalid-cursor"],
    run: async ({ ctx, body }) => ({ body: await searchConversations(ctx, body) }),
  }),
];
