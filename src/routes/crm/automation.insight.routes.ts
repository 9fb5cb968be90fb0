import {
  automationCatalogSchema,
  dryRunSchema,
  ruleReviewSchema,
  validateInputSchema,
} from "../../contracts/automation.insight.contract";
import { defineRoute, type Route } from "../../lib/http/define.route";
import { dryRun } from "../../services/saas/automation/preview/dry.run";
import { dryRunInputSchema } from "../../services/saas/automation/preview/dry.run.contract";
import { automationCatalog } from "../../services/saas/automation/rule.catalog";
import { reviewRule } from "../../services/saas/automation/rule.review";

const read = { kind: "tenant", scope: "automations:read" } as const;
const tag = "Automation";

/** Looking at rules: what they can be made of, what is wrong with them, what they would do and why they did not. */
export const automationInsightRoutes: readonly Route[] = [
  defineRoute({
    operationId: "getAutomationCatalog",
    method: "GET",
    path: "/api/crm/automation-catalog",
    tag,
    summary: "Read what rules can be made of",
    description:
      "JSON Schema of every trigger and step, every field (the tenant's own too) and every operator: enough to build " +
      "an editor from.",
    auth: read,
    input: {},
    output: { status: 200, description: "The catalogue.", body: automationCatalogSchema },
    problems: [],
    run: async ({ ctx }) => ({ body: await automationCatalog(ctx) }),
  }),
  defineRoute({
    operationId: "validateAutomation",
    method: "POST",
    path: "/api/crm/automations/validate",
    tag,
    summary: "Check a definition without storing it",
    description:
      "Answers everything that is wrong with it: unknown fields, operators, steps and variables with what was meant, " +
      "names of stages, templates, teams and people that are not here, steps that no way leads to.",
    auth: read,
    input: { body: validateInputSchema },
    output: { status: 200, description: "Its problems.", body: ruleReviewSchema },
    problems: [],
    run: async ({ ctx, body: { definition } }) => ({ body: await reviewRule(ctx, definition) }),
  }),
  defineRoute({
    operationId: "dryRunAutomation",
    method: "POST",
    path: "/api/crm/automations/dry-run",
    tag,
    summary: "See what a rule would do",
    description:
      "A definition or a rule's draft, a lead or a made-up one, an event: whether it fits and why not, every step with its " +
      "time and texts. Nothing is stored, sent or queued.",
    auth: read,
    input: { body: dryRunInputSchema },
    output: { status: 200, description: "The plan.", body: dryRunSchema },
    problems: ["not-found", "invalid-reference", "invalid-state", "invalid-phone"],
    run: async ({ ctx, body }) => ({ body: await dryRun(ctx, body) }),
  }),
];
