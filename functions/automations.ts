import { mountLambda } from "../src/lib/http/mount.lambda";
import { automationInsightRoutes } from "../src/routes/crm/automation.insight.routes";
import { automationRoutes } from "../src/routes/crm/automation.routes";
import { dispatchEvents } from "../src/services/saas/automation/dispatch.events";

/** The API of automation rules, their runs and decisions, and what they would do. */
export const handler = mountLambda([...automationRoutes, ...automationInsightRoutes], {
  dispatch: dispatchEvents,
});
