import { mountLambda } from "../src/lib/http/mount.lambda";
import { meetingRoutes } from "../src/routes/crm/meeting.routes";
import { dispatchEvents } from "../src/services/saas/automation/dispatch.events";

/** The API of meetings. */
export const handler = mountLambda(meetingRoutes, { dispatch: dispatchEvents });
