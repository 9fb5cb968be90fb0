import { mountLambda } from "../src/lib/http/mount.lambda";
import { customFieldRoutes } from "../src/routes/crm/custom.field.routes";
import { settingsRoutes } from "../src/routes/crm/settings.routes";
import { dispatchEvents } from "../src/services/saas/automation/dispatch.events";

/** The API of the tenant's settings and its own fields. */
export const handler = mountLambda([...settingsRoutes, ...customFieldRoutes], { dispatch: dispatchEvents });
