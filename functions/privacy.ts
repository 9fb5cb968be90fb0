import { mountLambda } from "../src/lib/http/mount.lambda";
import { privacyRoutes } from "../src/routes/crm/privacy.routes";
import { dispatchEvents } from "../src/services/saas/automation/dispatch.events";

/** The API of personal data: what is stored about a person, and its erasure. */
export const handler = mountLambda(privacyRoutes, { dispatch: dispatchEvents });
