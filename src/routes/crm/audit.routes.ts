import { auditEntrySchema, listAuditQuery } from "../../contracts/audit.contract";
import { pageSchema } from "../../contracts/common.contract";
import { defineRoute, type Route } from "../../lib/http/define.route";
import { listAudit } from "../../services/saas/crm/audit.service";

/** Who did what in a tenant. */
export const auditRoutes: readonly Route[] = [
  defineRoute({
    operationId: "listAudit",
    method: "GET",
    path: "/api/crm/audit-log",
    tag: "Audit",
    summary: "Read who did what",
    description:
      "Every change that a key, a rule or the platform team made, before and after, with the request it was made in. An entry is written in the transaction of its change, is never changed, and is kept 400 days.",
    auth: { kind: "tenant", scope: "audit:read" },
    input: { query: listAuditQuery },
    output: { status: 200, description: "Acts, the latest first.", body: pageSchema(auditEntrySchema) },
    problems: ["invalid-cursor"],
    run: async ({ ctx, query }) => ({ body: await listAudit(ctx, query) }),
  }),
];
