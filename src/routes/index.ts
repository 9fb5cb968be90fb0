/** Every route of the API, in the order of its documentation. ADD A ROUTE FILE HERE. */
import type { Route } from "../lib/http/define.route";
import { adminHealthRoutes, healthRoutes } from "./health.routes";

export const routes: readonly Route[] = [...adminHealthRoutes, ...healthRoutes];
