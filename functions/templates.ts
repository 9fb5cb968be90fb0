import { mountLambda } from "../src/lib/http/mount.lambda";
import { templateRoutes } from "../src/routes/crm/template.routes";
import { dispatchEvents } from "../src/services/saas/automation/dispatch.events";

/** The API of message templates. */
export const handler = mountLambda(templateRoutes, { dispatch: dispatchEvents });
