import * as z from "zod";
import { objectIdSchema, pageSchema } from "../../contracts/common.contract";
import {
  connectionSchema,
  listConnectionsQuery,
  unusedKindsQuery,
  unusedKindsSchema,
} from "../../contracts/connection.contract";
import { defineRoute, type Route } from "../../lib/http/define.route";
import { getConnection, listConnections } from "../../services/saas/whatsapp/connection.service";
import { unusedKinds } from "../../services/saas/whatsapp/unused.kinds.service";

const auth = { kind: "tenant", scope: "settings:read" } as const;
const tag = "WhatsApp numbers";

/** The tenant's numbers, and what came over them that is not used. */
export const connectionRoutes: readonly Route[] = [
  defineRoute({
    operationId: "listConnections",
    method: "GET",
    path: "/api/crm/connections",
    tag,
    summary: "List the tenant's WhatsApp numbers",
    description: "Those that messages can be sent from, with what Meta last said of each.",
    auth,
    input: { query: listConnectionsQuery },
    output: { status: 200, description: "The oldest first.", body: pageSchema(connectionSchema) },
    problems: ["invalid-cursor"],
    run: async ({ ctx, query }) => ({ body: await listConnections(ctx, query) }),
  }),
  defineRoute({
    operationId: "getConnection",
    method: "GET",
    path: "/api/crm/connections/{id}",
    tag,
    summary: "Read a WhatsApp number",
    description: "Its state, quality, limit and name as Meta last told them, and what is missing.",
    auth,
    input: { params: z.strictObject({ id: objectIdSchema }) },
    output: { status: 200, description: "The number.", body: connectionSchema },
    problems: ["not-found"],
    run: async ({ ctx, params }) => {
      const connection = await getConnection(ctx, params.id);
      return { body: connection, version: connection.version };
    },
  }),
  defineRoute({
    operationId: "listUnusedKinds",
    method: "GET",
    path: "/api/crm/webhook-events/kinds",
    tag,
    summary: "Count what came from Meta and is not used",
    description:
      "Unknown types and fields are kept raw for 30 days and never refused; here they are counted.",
    auth,
    input: { query: unusedKindsQuery },
    output: { status: 200, description: "Counts by kind.", body: unusedKindsSchema },
    problems: [],
    run: async ({ ctx, query }) => ({ body: { data: await unusedKinds(ctx, query) } }),
  }),
];
