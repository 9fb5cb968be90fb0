import * as z from "zod";
import {
  automationDecisionSchema,
  automationRunDetailSchema,
  automationRunSchema,
  runStatusSchema,
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

const read = { kind: "tenant", scope: "automations:read" } as const;
const write = { kind: "tenant", scope: "automations:write" } as const;
const tag = "Automation";
const params = z.strictObject({ id: objectIdSchema });

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
  .meta({ id: "AutomationRuleInput" });

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
  ...(
    [
      [
        "publish",
        "Publish the draft",
        "New runs follow it; runs that live stay with their version.",
        publishRule,
      ],
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
