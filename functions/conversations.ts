import { mountLambda } from "../src/lib/http/mount.lambda";
import { conversationRoutes } from "../src/routes/crm/conversation.routes";
import { inboxRoutes } from "../src/routes/crm/inbox.routes";
import { dispatchEvents } from "../src/services/saas/automation/dispatch.events";

/** The API of conversations and their messages. */
export const handler = mountLambda([...conversationRoutes, ...inboxRoutes], { dispatch: dispatchEvents });
