import { changesSchema, listChangesQuery } from "../../contracts/change.contract";
import { defineRoute, type Route } from "../../lib/http/define.route";
import { listChanges } from "../../services/saas/crm/changes.service";

/** The log that whoever follows a tenant reads. */
export const changeRoutes: readonly Route[] = [
  defineRoute({
    operationId: "listChanges",
    method: "GET",
    path: "/api/crm/changes",
    tag: "Changes",
    summary: "Read what changed",
    description:
      "Every event of the tenant in the order it was committed. Pass `lastSeq` as `after` to go on: nothing is " +
      "skipped or told twice. Events are kept 30 days; after that the answer is 410 and names `oldestSeq`.",
    auth: { kind: "tenant", scope: "changes:read" },
    input: { query: listChangesQuery },
    output: { status: 200, description: "Events after this place.", body: changesSchema },
    problems: ["cursor-expired", "invalid-cursor"],
    run: async ({ ctx, query }) => ({ body: await listChanges(ctx, query) }),
  }),
];
