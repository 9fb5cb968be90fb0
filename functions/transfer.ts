import { mountLambda } from "../src/lib/http/mount.lambda";
import { transferRoutes } from "../src/routes/crm/transfer.routes";
import { dispatchEvents } from "../src/services/saas/automation/dispatch.events";

/** The API of imports and exports. */
export const handler = mountLambda(transferRoutes, { dispatch: dispatchEvents });
