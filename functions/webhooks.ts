import { mountLambda } from "../src/lib/http/mount.lambda";
import { whatsappWebhookRoutes } from "../src/routes/whatsapp.webhook.routes";
import { dispatchEvents } from "../src/services/saas/automation/dispatch.events";

/** What Meta calls: the check of the address, and deliveries. */
export const handler = mountLambda(whatsappWebhookRoutes, { dispatch: dispatchEvents });
