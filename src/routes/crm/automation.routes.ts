import * as z from "zod";
import { publishInputSchema } from "../../contracts/automation.contract";
import { objectIdSchema, pageQuery, pageSchema } from "../../contracts/common.contract";
import { defineRoute, type Route } from "../../lib/http/define.route";
import { archiveRule } from "../../services/saas/automation/archive.rule";
import { listRules } from "../../services/saas/automation/automation.lists";
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
import { triggerEventSchema } from "../../services/saas/automation/triggers";
import { automationEnrollmentRoutes } from "./automation.enrollment.routes";
import { automationRunRoutes } from "./automation.run.routes";
import { automationVersionRoutes } from "./automation.version.routes";

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

const listQuery = z.strictObject({
  ...pageQuery,
  state: ruleResourceSchema.shape.state
    .optional()
    .meta({ description: "Only these; `archived` are the deleted ones.", example: "published" }),
  enabled: z
    .enum(["true", "false"])
    .transform((value) => value === "true")
    .optional()
    .meta({ description: "Only rules that start runs, or only those that do not.", example: "true" }),
  trigger: triggerEventSchema
    .optional()
    .meta({ description: "Only rules whose published version starts by this.", example: "lead_created" }),
});

const ruleReply = (rule: z.input<typeof ruleResourceSchema>) => ({ body: rule, version: rule.version });
/** Rules and their runs. */
export const automationRoutes: readonly Route[] = [
  defineRoute({
    operationId: "listAutomations",
    method: "GET",
    path: "/api/crm/automations",
    tag,
    summary: "List rules",
    description:
      "Each with its state and whether it is enabled; the definition shown is the draft. Deleted rules only with " +
      "`state=archived`.",
    auth: read,
    input: { query: listQuery },
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
      "A draft, unless `enabled` is true. Unknown triggers, fields, operators and steps are refused; to be enabled it must " +
      "name nothing that is not here.",
    auth: write,
    input: { body: createRuleSchema },
    output: { status: 201, description: "The rule.", body: ruleResourceSchema },
    problems: ["invalid-reference", "missing-variable"],
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
    problems: ["not-found", "precondition-failed", "invalid-state"],
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
      "New runs follow it. `pendingRuns` says what becomes of runs that live; they keep their version. Refused when the " +
      "draft names what is not here: a stage, team, person, field, media item, rule, or an approved template.",
    auth: write,
    input: { params, body: publishInputSchema.prefault({}) },
    output: { status: 200, description: "The rule.", body: ruleResourceSchema },
    problems: ["not-found", "invalid-state", "invalid-reference", "missing-variable"],
    run: async ({ ctx, params: { id }, body }) => ruleReply(await publishRule(ctx, { id, ...body })),
  }),
  defineRoute({
    operationId: "deleteAutomation",
    method: "DELETE",
    path: "/api/crm/automations/{id}",
    tag,
    summary: "Delete a rule",
    description:
      "It starts nothing any more and its living runs are cancelled with the reason `rule_deleted`. Its runs, decisions " +
      "and versions can still be read; it cannot be changed or enabled again.",
    auth: write,
    input: { params },
    output: { status: 204, description: "It is deleted." },
    problems: ["not-found", "precondition-failed"],
    run: async ({ ctx, params: { id }, ifMatch }) => {
      await archiveRule(ctx, { id, ifMatch });
      return { body: undefined };
    },
  }),
  ...automationVersionRoutes,
  ...automationRunRoutes,
  ...automationEnrollmentRoutes,
  ...(
    [
      {
        verb: "enable",
        summary: "Enable a rule",
        text: "Publishes it first if it never was. Refused when it names what is not here (any more).",
        problems: ["not-found", "invalid-state", "invalid-reference", "missing-variable"],
        run: enableRule,
      },
      {
        verb: "disable",
        summary: "Disable a rule",
        text: "It starts no more runs; runs that live go on.",
        problems: ["not-found", "invalid-state"],
        run: disableRule,
      },
    ] as const
  ).map(({ verb, summary, text, problems, run }) =>
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
      problems,
      run: async ({ ctx, params: { id } }) => ruleReply(await run(ctx, { id })),
    }),
  ),
];
