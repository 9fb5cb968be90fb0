import { mountLambda } from "../src/lib/http/mount.lambda";
import { eventRoutes } from "../src/routes/crm/event.routes";
import { dispatchEvents } from "../src/services/saas/automation/dispatch.events";

/** Business events from outside, which rules react to. */
export const handler = mountLambda(eventRoutes, { dispatch: dispatchEvents });
