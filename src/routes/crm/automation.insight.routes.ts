import * as z from "zod";
import {
  automationCatalogSchema,
  dryRunSchema,
  replayInputSchema,
  replaySchema,
  ruleStatisticsSchema,
  validateInputSchema,
} from "../../contracts/automation.insight.contract";
import { ruleReviewSchema } from "../../contracts/automation.problem.contract";
import { automationDecisionSchema } from "../../contracts/automation.run.contract";
import { objectIdSchema, pageQuery, pageSchema } from "../../contracts/common.contract";
import { defineRoute, type Route } from "../../lib/http/define.route";
import { listRuleDecisions } from "../../services/saas/automation/automation.lists";
import { dryRun } from "../../services/saas/automation/preview/dry.run";
import {
  dryRunInputSchema,
  testRuleInputSchema,
} from "../../services/saas/automation/preview/dry.run.contract";
import { replayEvents } from "../../services/saas/automation/preview/replay.events";
import { automationCatalog } from "../../services/saas/automation/rule.catalog";
import { reviewRule } from "../../services/saas/automation/rule.review";
import { ruleStatistics } from "../../services/saas/automation/rule.statistics";

const read = { kind: "tenant", scope: "automations:read" } as const;
/** They render texts about any lead. */
const readWithLeads = { ...read, also: "leads:read" } as const;
const tag = "Automation";
const params = z.strictObject({ id: objectIdSchema });

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
    auth: readWithLeads,
    input: { body: dryRunInputSchema },
    output: { status: 200, description: "The plan.", body: dryRunSchema },
    problems: ["not-found", "invalid-reference", "invalid-state", "invalid-phone"],
    run: async ({ ctx, body }) => ({ body: await dryRun(ctx, body) }),
  }),
  defineRoute({
    operationId: "testAutomation",
    method: "POST",
    path: "/api/crm/automations/{id}/test",
    tag,
    summary: "Try a rule's draft",
    description: "The dry run of one stored rule: same answer, no effect.",
    auth: readWithLeads,
    input: { params, body: testRuleInputSchema },
    output: { status: 200, description: "The plan.", body: dryRunSchema },
    problems: ["not-found", "invalid-reference", "invalid-state", "invalid-phone"],
    run: async ({ ctx, params: { id }, body }) => ({ body: await dryRun(ctx, { ...body, ruleId: id }) }),
  }),
  defineRoute({
    operationId: "replayAutomation",
    method: "POST",
    path: "/api/crm/automations/{id}/replay",
    tag,
    summary: "Judge real events by a draft",
    description:
      "The newest events of its trigger, each at its own time: which would have matched, and why the others not. Leads " +
      "are as they are now. Nothing is stored, sent or queued.",
    auth: readWithLeads,
    input: { params, body: replayInputSchema.prefault({}) },
    output: { status: 200, description: "The events, judged.", body: replaySchema },
    problems: ["not-found", "invalid-state"],
    run: async ({ ctx, params: { id }, body: { limit } }) => ({
      body: await replayEvents(ctx, { ruleId: id, limit }),
    }),
  }),
  defineRoute({
    operationId: "listAutomationDecisions",
    method: "GET",
    path: "/api/crm/automations/{id}/decisions",
    tag,
    summary: "Read why a rule did or did not run",
    description: "One decision for each event of its trigger, kept for 30 days.",
    auth: read,
    input: {
      params,
      query: z.strictObject({
        ...pageQuery,
        outcome: automationDecisionSchema.shape.outcome
          .optional()
          .meta({ description: "Only these.", example: "not_matched" }),
      }),
    },
    output: {
      status: 200,
      description: "Decisions, newest first.",
      body: pageSchema(automationDecisionSchema),
    },
    problems: ["not-found", "invalid-cursor"],
    run: async ({ ctx, params: { id }, query }) => ({
      body: await listRuleDecisions(ctx, { ruleId: id, ...query }),
    }),
  }),
  defineRoute({
    operationId: "getAutomationStatistics",
    method: "GET",
    path: "/api/crm/automations/{id}/statistics",
    tag,
    summary: "Read how a rule does",
    description:
      "How many runs are where, and how often each step of the draft did what. Each figure stops at 10,000.",
    auth: read,
    input: { params },
    output: { status: 200, description: "The figures.", body: ruleStatisticsSchema },
    problems: ["not-found"],
    run: async ({ ctx, params: { id } }) => ({ body: await ruleStatistics(ctx, id) }),
  }),
];
