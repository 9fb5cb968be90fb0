import * as z from "zod";
import { rollbackInputSchema, ruleDiffSchema } from "../../contracts/automation.contract";
import { objectIdSchema, pageQuery, pageSchema } from "../../contracts/common.contract";
import { defineRoute, type Route } from "../../lib/http/define.route";
import { ruleResourceSchema } from "../../services/saas/automation/automation.service";
import {
  diffVersions,
  getVersion,
  listVersions,
  rollBackRule,
  versionResourceSchema,
} from "../../services/saas/automation/version.service";

const read = { kind: "tenant", scope: "automations:read" } as const;
const write = { kind: "tenant", scope: "automations:write" } as const;
const tag = "Automation";
const params = z.strictObject({ id: objectIdSchema });
const versionNumber = z.coerce.number().int().min(1).meta({ description: "A version.", example: 1 });
const versionParams = z.strictObject({ id: objectIdSchema, n: versionNumber });

const ruleReply = (rule: z.input<typeof ruleResourceSchema>) => ({ body: rule, version: rule.version });

/** The history of a rule: what was published, what changed, and the way back. */
export const automationVersionRoutes: readonly Route[] = [
  defineRoute({
    operationId: "listAutomationVersions",
    method: "GET",
    path: "/api/crm/automations/{id}/versions",
    tag,
    summary: "List what was published",
    description: "Every publish makes a version, which never changes.",
    auth: read,
    input: { params, query: z.strictObject(pageQuery) },
    output: { status: 200, description: "Versions, newest first.", body: pageSchema(versionResourceSchema) },
    problems: ["not-found", "invalid-cursor"],
    run: async ({ ctx, params: { id }, query }) => ({ body: await listVersions(ctx, { id, ...query }) }),
  }),
  defineRoute({
    operationId: "getAutomationVersion",
    method: "GET",
    path: "/api/crm/automations/{id}/versions/{n}",
    tag,
    summary: "Read a version",
    description: "The definition as it was published, by whom and when.",
    auth: read,
    input: { params: versionParams },
    output: { status: 200, description: "The version.", body: versionResourceSchema },
    problems: ["not-found"],
    run: async ({ ctx, params: { id, n } }) => ({ body: await getVersion(ctx, { id, n }) }),
  }),
  defineRoute({
    operationId: "diffAutomationVersions",
    method: "GET",
    path: "/api/crm/automations/{id}/versions/{n}/diff",
    tag,
    summary: "What changed up to a version",
    description: "Since `from`, or since the version before it.",
    auth: read,
    input: { params: versionParams, query: z.strictObject({ from: versionNumber.optional() }) },
    output: { status: 200, description: "What differs, place by place.", body: ruleDiffSchema },
    problems: ["not-found"],
    run: async ({ ctx, params: { id, n }, query: { from } }) => ({
      body: await diffVersions(ctx, { id, from: from ?? Math.max(1, n - 1), to: n }),
    }),
  }),
  defineRoute({
    operationId: "rollBackAutomation",
    method: "POST",
    path: "/api/crm/automations/{id}/rollback",
    tag,
    summary: "Publish an earlier version again",
    description: "It becomes a new version, and the draft too.",
    auth: write,
    input: { params, body: rollbackInputSchema },
    output: { status: 200, description: "The rule.", body: ruleResourceSchema },
    problems: ["not-found", "invalid-state", "invalid-reference", "missing-variable"],
    run: async ({ ctx, params: { id }, body }) => ruleReply(await rollBackRule(ctx, { id, ...body })),
  }),
];
