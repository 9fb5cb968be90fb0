import * as z from "zod";
import {
  automationDecisionSchema,
  automationRunDetailSchema,
  automationRunSchema,
  cancelRunsResultSchema,
  runStatusSchema,
  startRunsInputSchema,
  startRunsResultSchema,
} from "../../contracts/automation.run.contract";
import { objectIdSchema, pageQuery, pageSchema } from "../../contracts/common.contract";
import { defineRoute, type Route } from "../../lib/http/define.route";
import { listDecisions, listLeadRuns, listRuleRuns } from "../../services/saas/automation/automation.lists";
import { getRun } from "../../services/saas/automation/run.service";
import { startRuns } from "../../services/saas/automation/start.runs";
import { cancelRun, cancelRuns, retryRun } from "../../services/saas/automation/steer.runs";

const read = { kind: "tenant", scope: "automations:read" } as const;
const write = { kind: "tenant", scope: "automations:write" } as const;
const tag = "Automation";
const params = z.strictObject({ id: objectIdSchema });

/** Runs of rules: starting, steering and reading them, and why there is none. */
export const automationRunRoutes: readonly Route[] = [
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
    problems: ["not-found", "invalid-state", "invalid-reference"],
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
  defineRoute({
    operationId: "listAutomationRuns",
    method: "GET",
    path: "/api/crm/automations/{id}/runs",
    tag,
    summary: "List a rule's runs",
    description: "What became of each start of the rule.",
    auth: read,
    input: {
      params,
      query: z.strictObject({
        ...pageQuery,
        status: runStatusSchema
          .optional()
          .meta({ description: "Only runs in this state.", example: "waiting" }),
      }),
    },
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
