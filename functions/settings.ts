import { mountLambda } from "../src/lib/http/mount.lambda";
import { customFieldRoutes } from "../src/routes/crm/custom.field.routes";
import { keyRoutes } from "../src/routes/crm/key.routes";
import { settingsRoutes } from "../src/routes/crm/settings.routes";
import { dispatchEvents } from "../src/services/saas/automation/dispatch.events";

/** The API of the tenant's settings, its own fields and its keys. */
export const handler = mountLambda([...settingsRoutes, ...customFieldRoutes, ...keyRoutes], {
  dispatch: dispatchEvents,
});
