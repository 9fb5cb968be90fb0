import { mountLambda } from "../src/lib/http/mount.lambda";
import { leadRoutes } from "../src/routes/crm/lead.routes";
import { dispatchEvents } from "../src/services/saas/automation/dispatch.events";

/** The API of leads: records, places, tags, notes, timelines. */
export const handler = mountLambda(leadRoutes, { dispatch: dispatchEvents });
