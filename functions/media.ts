import { mountLambda } from "../src/lib/http/mount.lambda";
import { mediaRoutes } from "../src/routes/crm/media.routes";
import { dispatchEvents } from "../src/services/saas/automation/dispatch.events";

/** The API of media: uploads in parts, content in ranges. */
export const handler = mountLambda(mediaRoutes, { dispatch: dispatchEvents });
