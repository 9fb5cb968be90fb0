import { mountLambda } from "../src/lib/http/mount.lambda";
import { settingsRoutes } from "../src/routes/crm/settings.routes";
import { dispatchEvents } from "../src/services/saas/automation/dispatch.events";

/** The API of the tenant's settings. */
export const handler = mountLambda(settingsRoutes, { dispatch: dispatchEvents });
