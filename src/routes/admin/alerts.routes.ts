import { alertListQuerySchema, alertParam, alertSchema } from "../../contracts/alert.contract";
import { pageSchema } from "../../contracts/common.contract";
import { defineRoute, type Route } from "../../lib/http/define.route";
import { closeAlert, listAlerts } from "../../services/clients/alert.service";

const auth = { kind: "admin" } as const;
const tag = "Alerts";

/** What a person must look at: the same as `npm run tenants -- alerts`. */
export const adminAlertRoutes: readonly Route[] = [
  defineRoute({
    operationId: "listAlerts",
    method: "GET",
    path: "/api/admin/alerts",
    tag,
    summary: "List alerts",
    description:
      "Open ones when not asked otherwise: numbers that Meta no longer lets us use, dead jobs, webhooks that need a person. One per tenant, kind and subject; it closes by itself when its cause is gone.",
    auth,
    input: { query: alertListQuerySchema },
    output: { status: 200, description: "Alerts, the latest first.", body: pageSchema(alertSchema) },
    problems: ["invalid-cursor"],
    run: async ({ query }) => ({ body: await listAlerts(query) }),
  }),
  defineRoute({
    operationId: "closeAlert",
    method: "POST",
    path: "/api/admin/alerts/{id}/close",
    tag,
    summary: "Close an alert",
    description: "It opens anew when its cause happens again.",
    auth,
    input: { params: alertParam },
    output: { status: 200, description: "The alert.", body: alertSchema },
    problems: ["not-found"],
    run: async ({ ctx, params: { id } }) => ({ body: await closeAlert(ctx, id) }),
  }),
];
