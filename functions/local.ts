import { mountLambda } from "../src/lib/http/mount.lambda";
import { localRoutes } from "../src/routes/local.routes";
import { dispatchEvents } from "../src/services/saas/automation/dispatch.events";

/** The controls of a developer's stack; serverless.yml knows it in stage local only. */
export const handler = mountLambda(localRoutes(dispatchEvents), { dispatch: dispatchEvents });
