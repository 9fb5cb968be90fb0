import { mountLambda } from "../src/lib/http/mount.lambda";
import { notificationRoutes } from "../src/routes/crm/notification.routes";
import { taskRoutes } from "../src/routes/crm/task.routes";
import { teamRoutes } from "../src/routes/crm/team.routes";
import { userRoutes } from "../src/routes/crm/user.routes";
import { dispatchEvents } from "../src/services/saas/automation/dispatch.events";

/** The API of the people who work for a tenant, their teams, and what they are to do and to know. */
export const handler = mountLambda([...userRoutes, ...teamRoutes, ...taskRoutes, ...notificationRoutes], {
  dispatch: dispatchEvents,
});
