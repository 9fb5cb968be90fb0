import { mountLambda } from "../src/lib/http/mount.lambda";
import { automationFileRoutes } from "../src/routes/crm/automation.file.routes";
import { automationInsightRoutes } from "../src/routes/crm/automation.insight.routes";
import { automationRoutes } from "../src/routes/crm/automation.routes";
import { webhookSecretRoutes } from "../src/routes/crm/webhook.secret.routes";
import { dispatchEvents } from "../src/services/saas/automation/dispatch.events";

/** The API of automation rules, their runs and decisions, what they would do, their files and their webhooks' secret. */
export const handler = mountLambda(
  [...automationRoutes, ...automationFileRoutes, ...webhookSecretRoutes, ...automationInsightRoutes],
  { dispatch: dispatchEvents },
);
