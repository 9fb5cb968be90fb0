import * as z from "zod";
import { audienceSchema } from "../../contracts/audience.contract";
import { automationEnrollmentSchema } from "../../contracts/automation.enrollment.contract";
import { objectIdSchema, pageQuery, pageSchema } from "../../contracts/common.contract";
import { defineRoute, type Route } from "../../lib/http/define.route";
import {
  cancelEnrollment,
  enrollSearch,
  getEnrollment,
  listEnrollments,
} from "../../services/saas/automation/enrollment.service";

const read = { kind: "tenant", scope: "automations:read" } as const;
const write = { kind: "tenant", scope: "automations:write" } as const;
const tag = "Automation";
const params = z.strictObject({ id: objectIdSchema });
const reply = (enrollment: z.input<typeof automationEnrollmentSchema>) => ({
  body: enrollment,
  version: enrollment.version,
});

/** Rules started for everybody in a search. */
export const automationEnrollmentRoutes: readonly Route[] = [
  defineRoute({
    operationId: "enrollInAutomation",
    method: "POST",
    path: "/api/crm/automations/{id}/enroll",
    tag,
    summary: "Start a rule for everybody in a search",
    description:
      "The queue tells the rule of each lead that the search finds now; conditions, re-entry and the tenant's limit of " +
      "starts hold. The answer's id is where its progress is read.",
    auth: write,
    input: { params, body: audienceSchema },
    output: { status: 202, description: "The enrolment.", body: automationEnrollmentSchema },
    problems: ["not-found", "invalid-state", "invalid-reference"],
    idempotent: true,
    run: async ({ ctx, params: { id }, body }) => reply(await enrollSearch(ctx, id, body)),
  }),
  defineRoute({
    operationId: "listAutomationEnrollments",
    method: "GET",
    path: "/api/crm/automations/{id}/enrollments",
    tag,
    summary: "List a rule's enrolments",
    description: "How far each is.",
    auth: read,
    input: { params, query: z.strictObject(pageQuery) },
    output: {
      status: 200,
      description: "Enrolments, newest first.",
      body: pageSchema(automationEnrollmentSchema),
    },
    problems: ["not-found", "invalid-cursor"],
    run: async ({ ctx, params: { id }, query }) => ({
      body: await listEnrollments(ctx, { ruleId: id, ...query }),
    }),
  }),
  defineRoute({
    operationId: "getAutomationEnrollment",
    method: "GET",
    path: "/api/crm/automation-enrollments/{id}",
    tag,
    summary: "Read an enrolment",
    description: "How many leads the rule was told of, and what it decided about them.",
    auth: read,
    input: { params },
    output: { status: 200, description: "The enrolment.", body: automationEnrollmentSchema },
    problems: ["not-found"],
    run: async ({ ctx, params: { id } }) => reply(await getEnrollment(ctx, id)),
  }),
  defineRoute({
    operationId: "cancelAutomationEnrollment",
    method: "POST",
    path: "/api/crm/automation-enrollments/{id}/cancel",
    tag,
    summary: "Cancel an enrolment",
    description:
      "The rule is told of no further leads; runs that began go on (`cancel-runs` ends them). Asked again it answers the same.",
    auth: write,
    input: { params },
    output: { status: 200, description: "The enrolment.", body: automationEnrollmentSchema },
    problems: ["not-found", "invalid-state"],
    run: async ({ ctx, params: { id } }) => reply(await cancelEnrollment(ctx, id)),
  }),
];
