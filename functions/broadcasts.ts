import { mountLambda } from "../src/lib/http/mount.lambda";
import { broadcastRoutes } from "../src/routes/crm/broadcast.routes";
import { dispatchEvents } from "../src/services/saas/automation/dispatch.events";

/** The API of broadcasts. */
export const handler = mountLambda(broadcastRoutes, { dispatch: dispatchEvents });
