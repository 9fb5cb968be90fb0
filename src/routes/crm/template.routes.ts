import * as z from "zod";
import { objectIdSchema, pageSchema } from "../../contracts/common.contract";
import {
  templateListQuerySchema,
  templatePreviewBodySchema,
  templatePreviewSchema,
  templateSchema,
  templateSyncSchema,
} from "../../contracts/template.contract";
import { defineRoute, type Route } from "../../lib/http/define.route";
import { renderForLead } from "../../services/saas/automation/lead.variables";
import {
  getTemplate,
  listTemplates,
  previewTemplate,
  syncAllTemplates,
} from "../../services/saas/whatsapp/template.service";

const read = { kind: "tenant", scope: "templates:read" } as const;
const write = { kind: "tenant", scope: "templates:write" } as const;
const tag = "Templates";
const params = z.strictObject({ id: objectIdSchema });

/** Message templates of the tenant's WhatsApp accounts. */
export const templateRoutes: readonly Route[] = [
  defineRoute({
    operationId: "listTemplates",
    method: "GET",
    path: "/api/crm/templates",
    tag,
    summary: "List templates",
    auth: read,
    input: { query: templateListQuerySchema },
    output: { status: 200, description: "Templates by name.", body: pageSchema(templateSchema) },
    problems: ["invalid-cursor"],
    run: async ({ ctx, query }) => ({ body: await listTemplates(ctx, query) }),
  }),
  defineRoute({
    operationId: "syncTemplates",
    method: "POST",
    path: "/api/crm/templates/sync",
    tag,
    summary: "Read the templates from Meta again",
    description: "Happens in the background; templates that are gone at Meta leave the list.",
    auth: write,
    input: {},
    output: { status: 202, description: "The jobs that read them.", body: templateSyncSchema },
    problems: ["invalid-state"],
    run: async ({ ctx }) => ({ body: await syncAllTemplates(ctx) }),
  }),
  defineRoute({
    operationId: "getTemplate",
    method: "GET",
    path: "/api/crm/templates/{id}",
    tag,
    summary: "Read a template with its variables",
    auth: read,
    input: { params },
    output: { status: 200, description: "The template.", body: templateSchema },
    problems: ["not-found"],
    async run({ ctx, params: { id } }) {
      const template = await getTemplate(ctx, id);
      return { body: template, version: template.version };
    },
  }),
  defineRoute({
    operationId: "previewTemplate",
    method: "POST",
    path: "/api/crm/templates/{id}/preview",
    tag,
    summary: "See a template with its variables filled in",
    description:
      "With a `leadId` the variables may hold expressions such as `{{lead.firstName}}`, as in rules; they are rendered for that lead. `missing` and `invalid` say what a send would be refused for. Nothing is sent.",
    auth: read,
    input: { params, body: templatePreviewBodySchema },
    output: { status: 200, description: "As the person would see it.", body: templatePreviewSchema },
    problems: ["not-found", "invalid-reference"],
    async run({ ctx, params: { id }, body: { leadId, variables } }) {
      const values = leadId === undefined ? variables : await renderForLead(ctx, leadId, variables);
      return { body: await previewTemplate(ctx, id, values) };
    },
  }),
];
