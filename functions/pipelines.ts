import { mountLambda } from "../src/lib/http/mount.lambda";
import { lostReasonRoutes } from "../src/routes/crm/lost.reason.routes";
import { pipelineRoutes } from "../src/routes/crm/pipeline.routes";
import { dispatchEvents } from "../src/services/saas/automation/dispatch.events";

/** The API of pipelines, their stages and lost reasons. */
export const handler = mountLambda([...pipelineRoutes, ...lostReasonRoutes], { dispatch: dispatchEvents });
