import { mountLambda } from "../src/lib/http/mount.lambda";
import { automationRoutes } from "../src/routes/crm/automation.routes";
import { dispatchEvents } from "../src/services/saas/automation/dispatch.events";

/** The API of automation rules, their runs and decisions. */
export const handler = mountLambda(automationRoutes, { dispatch: dispatchEvents });
