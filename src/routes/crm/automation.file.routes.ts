import * as z from "zod";
import { objectIdSchema } from "../../contracts/common.contract";
import { defineRoute, type Route } from "../../lib/http/define.route";
import { exportRule, ruleExportSchema } from "../../services/saas/automation/export.rule";
import {
  automationFileSchema,
  importRule,
  ruleImportSchema,
} from "../../services/saas/automation/rule.file.service";

/** Rules as files, for whoever moves them between tenants. */
export const automationFileRoutes: readonly Route[] = [
  defineRoute({
    operationId: "importAutomation",
    method: "POST",
    path: "/api/crm/automations/import",
    tag: "Automation",
    summary: "Bring in a rule from a file",
    description:
      "Creates the rule, or makes the file the draft of the rule that has its name; the same file again changes nothing. " +
      "What the file names and is not here is listed. With `publish` the rule is published and enabled, and refused with " +
      "each missing reference when something is missing; so is a file whose custom fields are not here.",
    auth: { kind: "tenant", scope: "automations:write" },
    input: {
      query: z.strictObject({
        publish: z
          .enum(["true", "false"])
          .transform((value) => value === "true")
          .optional()
          .meta({ description: "Publish and enable it at once.", example: "true" }),
      }),
      body: automationFileSchema,
    },
    output: {
      status: 200,
      description: "The rule, what became of it, and what is missing.",
      body: ruleImportSchema,
    },
    problems: ["invalid-reference", "missing-variable"],
    idempotent: true,
    run: async ({ ctx, query, body }) => {
      const { automation, action, missing } = await importRule(ctx, body, {
        publish: query.publish ?? false,
      });
      return { body: { automation, action, missing: [...missing] }, version: automation.version };
    },
  }),
  defineRoute({
    operationId: "exportAutomation",
    method: "GET",
    path: "/api/crm/automations/{id}/export",
    tag: "Automation",
    summary: "Take out a rule as a file",
    description:
      "Its draft, as `POST /api/crm/automations/import` and `npm run rules -- import` read it, here or in another tenant: " +
      "stages, teams, people, templates, fields, media and other rules are named by their keys and names.",
    auth: { kind: "tenant", scope: "automations:read" },
    input: { params: z.strictObject({ id: objectIdSchema }) },
    output: { status: 200, description: "The file.", body: ruleExportSchema },
    problems: ["not-found", "invalid-state"],
    run: async ({ ctx, params: { id } }) => ({ body: await exportRule(ctx, id) }),
  }),
];
