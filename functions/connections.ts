import { mountLambda } from "../src/lib/http/mount.lambda";
import { connectionRoutes } from "../src/routes/crm/connection.routes";
import { dispatchEvents } from "../src/services/saas/automation/dispatch.events";

/** The API of the tenant's WhatsApp numbers. */
export const handler = mountLambda(connectionRoutes, { dispatch: dispatchEvents });
