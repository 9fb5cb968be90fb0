import { mountLambda } from "../src/lib/http/mount.lambda";
import { adminAlertRoutes } from "../src/routes/admin/alerts.routes";
import { adminClientRoutes } from "../src/routes/admin/clients.routes";
import { adminJobRoutes } from "../src/routes/admin/jobs.routes";
import { adminWebhookRoutes } from "../src/routes/admin/webhooks.routes";
import { adminWhatsAppRoutes } from "../src/routes/admin/whatsapp.routes";
import { adminHealthRoutes } from "../src/routes/health.routes";
import { dispatchEvents } from "../src/services/saas/automation/dispatch.events";

/** The API of the platform team. */
export const handler = mountLambda(
  [
    ...adminClientRoutes,
    ...adminJobRoutes,
    ...adminWebhookRoutes,
    ...adminWhatsAppRoutes,
    ...adminAlertRoutes,
    ...adminHealthRoutes,
  ],
  {
    dispatch: dispatchEvents,
  },
);
