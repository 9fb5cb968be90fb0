import * as z from "zod";
import {
  automationDecisionSchema,
  automationRunDetailSchema,
  automationRunSchema,
  cancelRunsResultSchema,
  publishInputSchema,
  rollbackInputSchema,
  ruleDiffSchema,
  runStatusSchema,
  startRunsInputSchema,
  startRunsResultSchema,
} from "../../contracts/automation.contract";
import { objectIdSchema, pageQuery, pageSchema } from "../../contracts/common.contract";
import { defineRoute, type Route } from "../../lib/http/define.route";
import {
  listDecisions,
  listLeadRuns,
  listRuleRuns,
  listRules,
} from "../../services/saas/automation/automation.lists";
import {
  createRule,
  disableRule,
  enableRule,
  getRule,
  publishRule,
  ruleResourceSchema,
  updateRule,
} from "../../services/saas/automation/automation.service";
import { ruleDefinitionSchema } from "../../services/saas/automation/rule.contract";
import { getRun } from "../../services/saas/automation/run.service";
import { startRuns } from "../../services/saas/automation/start.runs";
import { cancelRun, cancelRuns, retryRun } from "../../services/saas/automation/steer.runs";
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

const name = z
  .string()
  .trim()
  .min(1)
  .max(120)
  .meta({ description: "Name people see.", example: "WhatsApp welcome" });
const description = z.string().max(2_000).nullable().meta({ description: "What it is for." });
const priority = z.number().int().min(0).max(1_000).meta({ description: "Lower runs first.", example: 100 });

const createRuleSchema = z
  .strictObject({
    name,
    description: description.optional(),
    priority: priority.optional(),
    definition: ruleDefinitionSchema,
    enabled: z.boolean().default(false).meta({ description: "Publish and enable it at once." }),
  })
  .meta({
    id: "AutomationRuleInput",
    example: {
      name: "Welcome",
      definition: {
        trigger: { event: "lead_created" },
        steps: [{ id: "s1", type: "delay", duration: "PT5M" }],
      },
    },
  });

const updateRuleSchema = z
  .strictObject({ name, description, priority, definition: ruleDefinitionSchema })
  .partial()
  .meta({ id: "AutomationRulePatch" });

const ruleReply = (rule: z.input<typeof ruleResourceSchema>) => ({ body: rule, version: rule.version });

/** Rules and their runs. */
export const automationRoutes: readonly Route[] = [
  defineRoute({
    operationId: "listAutomations",
    method: "GET",
    path: "/api/crm/automations",
    tag,
    summary: "List rules",
    description: "Each with its state and whether it is enabled; the definition shown is the draft.",
    auth: read,
    input: { query: z.strictObject(pageQuery) },
    output: { status: 200, description: "Rules, newest first.", body: pageSchema(ruleResourceSchema) },
    problems: ["invalid-cursor"],
    run: async ({ ctx, query }) => ({ body: await listRules(ctx, query) }),
  }),
  defineRoute({
    operationId: "createAutomation",
    method: "POST",
    path: "/api/crm/automations",
    tag,
    summary: "Create a rule",
    description:
      "A draft, unless `enabled` is true. Unknown triggers, fields, operators and steps are refused.",
    auth: write,
    input: { body: createRuleSchema },
    output: { status: 201, description: "The rule.", body: ruleResourceSchema },
    problems: [],
    idempotent: true,
    run: async ({ ctx, body }) => ruleReply(await createRule(ctx, body)),
  }),
  defineRoute({
    operationId: "getAutomation",
    method: "GET",
    path: "/api/crm/automations/{id}",
    tag,
    summary: "Read a rule",
    description: "Its `ETag` is what `If-Match` of a change takes.",
    auth: read,
    input: { params },
    output: { status: 200, description: "The rule; its definition is the draft.", body: ruleResourceSchema },
    problems: ["not-found"],
    run: async ({ ctx, params: { id } }) => ruleReply(await getRule(ctx, id)),
  }),
  defineRoute({
    operationId: "updateAutomation",
    method: "PATCH",
    path: "/api/crm/automations/{id}",
    tag,
    summary: "Change a rule's draft",
    description: "What is published goes on until the next publish.",
    auth: write,
    input: { params, body: updateRuleSchema },
    output: { status: 200, description: "The rule.", body: ruleResourceSchema },
    problems: ["not-found", "precondition-failed"],
    run: async ({ ctx, params: { id }, body, ifMatch }) =>
      ruleReply(await updateRule(ctx, { id, ifMatch, change: body })),
  }),
  defineRoute({
    operationId: "publishAutomation",
    method: "POST",
    path: "/api/crm/automations/{id}/publish",
    tag,
    summary: "Publish the draft",
    description:
      "New runs follow it. `pendingRuns` says what becomes of runs that live; they keep their version.",
    auth: write,
    input: { params, body: publishInputSchema.prefault({}) },
    output: { status: 200, description: "The rule.", body: ruleResourceSchema },
    problems: ["not-found"],
    run: async ({ ctx, params: { id }, body }) => ruleReply(await publishRule(ctx, { id, ...body })),
  }),
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
    problems: ["not-found", "invalid-state"],
    run: async ({ ctx, params: { id }, body }) => ruleReply(await rollBackRule(ctx, { id, ...body })),
  }),
  defineRoute({
    operationId: "startAutomationRuns",
    method: "POST",
    path: "/api/crm/automations/{id}/runs",
    tag,
    summary: "Start a rule for chosen leads",
    description:
      "Its conditions, re-entry and limits hold; the lead's decisions tell what came of it. Many leads are started " +
      "through the queue.",
    auth: write,
    input: { params, body: startRunsInputSchema },
    output: { status: 202, description: "The rule is told of them.", body: startRunsResultSchema },
    problems: ["not-found", "invalid-state"],
    idempotent: true,
    run: async ({ ctx, params: { id }, body: { leadIds } }) => ({
      body: await startRuns(ctx, { ruleId: id, leadIds }),
    }),
  }),
  defineRoute({
    operationId: "cancelAutomationRuns",
    method: "POST",
    path: "/api/crm/automations/{id}/cancel-runs",
    tag,
    summary: "Cancel all runs of a rule",
    description: "Ends every run that lives. Disable the rule first to keep new ones from starting.",
    auth: write,
    input: { params },
    output: { status: 200, description: "How many there were.", body: cancelRunsResultSchema },
    problems: ["not-found"],
    run: async ({ ctx, params: { id } }) => ({ body: await cancelRuns(ctx, id) }),
  }),
  ...(
    [
      ["cancel", "Cancel a run", "It takes no further step. What it did stays.", cancelRun],
      [
        "retry",
        "Resume a failed run",
        "From the step that failed; nothing before it happens again.",
        retryRun,
      ],
    ] as const
  ).map(([verb, summary, text, run]) =>
    defineRoute({
      operationId: `${verb}AutomationRun`,
      method: "POST",
      path: `/api/crm/automation-runs/{id}/${verb}`,
      tag,
      summary,
      description: text,
      auth: write,
      input: { params },
      output: { status: 200, description: "The run.", body: automationRunDetailSchema },
      problems: ["not-found", "invalid-state"],
      run: async ({ ctx, params: { id } }) => ({ body: await run(ctx, id) }),
    }),
  ),
  ...(
    [
      ["enable", "Enable a rule", "Publishes it first if it never was.", enableRule],
      ["disable", "Disable a rule", "It starts no more runs; runs that live go on.", disableRule],
    ] as const
  ).map(([verb, summary, text, run]) =>
    defineRoute({
      operationId: `${verb}Automation`,
      method: "POST",
      path: `/api/crm/automations/{id}/${verb}`,
      tag,
      summary,
      description: text,
      auth: write,
      input: { params },
      output: { status: 200, description: "The rule.", body: ruleResourceSchema },
      problems: ["not-found"],
      run: async ({ ctx, params: { id } }) => ruleReply(await run(ctx, { id })),
    }),
  ),
  defineRoute({
    operationId: "listAutomationRuns",
    method: "GET",
    path: "/api/crm/automations/{id}/runs",
    tag,
    summary: "List a rule's runs",
    description: "What became of each start of the rule.",
    auth: read,
    input: { params, query: z.strictObject({ ...pageQuery, status: runStatusSchema.optional() }) },
    output: { status: 200, description: "Runs, newest first.", body: pageSchema(automationRunSchema) },
    problems: ["not-found", "invalid-cursor"],
    run: async ({ ctx, params: { id }, query }) => ({
      body: await listRuleRuns(ctx, { ruleId: id, ...query }),
    }),
  }),
  defineRoute({
    operationId: "getAutomationRun",
    method: "GET",
    path: "/api/crm/automation-runs/{id}",
    tag,
    summary: "Read a run with its steps",
    description: "Every step with its times, input, output and error.",
    auth: read,
    input: { params },
    output: { status: 200, description: "The run.", body: automationRunDetailSchema },
    problems: ["not-found"],
    run: async ({ ctx, params: { id } }) => ({ body: await getRun(ctx, id) }),
  }),
  defineRoute({
    operationId: "listLeadAutomationRuns",
    method: "GET",
    path: "/api/crm/leads/{id}/automation-runs",
    tag,
    summary: "List a lead's runs",
    description: "Runs of all rules for this lead.",
    auth: read,
    input: { params, query: z.strictObject(pageQuery) },
    output: { status: 200, description: "Runs, newest first.", body: pageSchema(automationRunSchema) },
    problems: ["not-found", "invalid-cursor"],
    run: async ({ ctx, params: { id }, query }) => ({
      body: await listLeadRuns(ctx, { leadId: id, ...query }),
    }),
  }),
  defineRoute({
    operationId: "listLeadAutomationDecisions",
    method: "GET",
    path: "/api/crm/leads/{id}/automation-decisions",
    tag,
    summary: "Why rules did or did not start for a lead",
    description: "For each event and rule: what was compared with what, and how it came out.",
    auth: read,
    input: { params, query: z.strictObject(pageQuery) },
    output: {
      status: 200,
      description: "Decisions, newest first.",
      body: pageSchema(automationDecisionSchema),
    },
    problems: ["not-found", "invalid-cursor"],
    run: async ({ ctx, params: { id }, query }) => ({
      body: await listDecisions(ctx, { leadId: id, ...query }),
    }),
  }),
];
