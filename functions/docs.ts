import { mountLambda } from "../src/lib/http/mount.lambda";
import { routes } from "../src/routes";
import { dispatchEvents } from "../src/services/saas/automation/dispatch.events";

/**
 * Documentation and health. It knows every route, so it also answers what no other function takes (`$default`): 404,
 * or 405 with the methods that the path does take.
 */
export const handler = mountLambda(routes, { dispatch: dispatchEvents });
