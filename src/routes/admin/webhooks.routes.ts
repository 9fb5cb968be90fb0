import { pageSchema } from "../../contracts/common.contract";
import {
  listQuarantineQuery,
  listWebhookEventsQuery,
  quarantineViewSchema,
  webhookEventViewSchema,
} from "../../contracts/webhook.event.contract";
import { defineRoute, type Route } from "../../lib/http/define.route";
import { listQuarantine, listWebhookEvents } from "../../services/saas/whatsapp/webhook.admin.service";

const auth = { kind: "admin" } as const;
const tag = "Webhooks";

/** What became of Meta's webhooks: for a question of a tenant's, and for `npm run replay`. */
export const adminWebhookRoutes: readonly Route[] = [
  defineRoute({
    operationId: "listWebhookEvents",
    method: "GET",
    path: "/api/admin/webhook-events",
    tag,
    summary: "List what became of a client's webhooks",
    description:
      "Newest first, for 30 days after they were processed: ids, states and reasons, never what stands in them. What never reached the client is in the quarantine.",
    auth,
    input: { query: listWebhookEventsQuery },
    output: { status: 200, description: "Webhook items.", body: pageSchema(webhookEventViewSchema) },
    problems: ["not-found", "invalid-cursor", "tenant-database-unavailable"],
    run: async ({ ctx, query }) => ({ body: await listWebhookEvents(ctx, query) }),
  }),
  defineRoute({
    operationId: "listQuarantine",
    method: "GET",
    path: "/api/admin/quarantine",
    tag,
    summary: "List webhook items that reached no client",
    description:
      "Newest first, for 30 days. They are replayed when their number is connected or their database is back.",
    auth,
    input: { query: listQuarantineQuery },
    output: { status: 200, description: "Quarantined items.", body: pageSchema(quarantineViewSchema) },
    problems: ["invalid-cursor"],
    run: async ({ query }) => ({ body: await listQuarantine(query) }),
  }),
];
