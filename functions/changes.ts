import { mountLambda } from "../src/lib/http/mount.lambda";
import { auditRoutes } from "../src/routes/crm/audit.routes";
import { changeRoutes } from "../src/routes/crm/change.routes";
import { dispatchEvents } from "../src/services/saas/automation/dispatch.events";

/** The API of the log of what changed. */
export const handler = mountLambda([...changeRoutes, ...auditRoutes], { dispatch: dispatchEvents });
