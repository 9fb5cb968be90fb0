import { mountLambda } from "../src/lib/http/mount.lambda";
import { cannedResponseRoutes } from "../src/routes/crm/canned.response.routes";
import { conversationRoutes } from "../src/routes/crm/conversation.routes";
import { inboxRoutes } from "../src/routes/crm/inbox.routes";
import { dispatchEvents } from "../src/services/saas/automation/dispatch.events";

/** The API of conversations, their messages and the texts that people write often. */
export const handler = mountLambda([...conversationRoutes, ...inboxRoutes, ...cannedResponseRoutes], {
  dispatch: dispatchEvents,
});
