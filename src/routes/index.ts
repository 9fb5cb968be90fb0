/** Every route of the API, in the order of its documentation. ADD A ROUTE FILE HERE. */
import type { Route } from "../lib/http/define.route";
import { mediaRoutes } from "./crm/media.routes";
import { adminHealthRoutes, healthRoutes } from "./health.routes";

export const routes: readonly Route[] = [...mediaRoutes, ...adminHealthRoutes, ...healthRoutes];
