import { mountLambda } from "../src/lib/http/mount.lambda";
import { pipelineRoutes } from "../src/routes/crm/pipeline.routes";
import { dispatchEvents } from "../src/services/saas/automation/dispatch.events";

/** The API of pipelines and their stages. */
export const handler = mountLambda(pipelineRoutes, { dispatch: dispatchEvents });
