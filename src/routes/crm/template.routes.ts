import * as z from "zod";
import { objectIdSchema, pageSchema } from "../../contracts/common.contract";
import {
  templateListQuerySchema,
  templatePreviewBodySchema,
  templatePreviewSchema,
  templateSchema,
  templateSyncSchema,
} from "../../contracts/template.contract";
import {
  createTemplateBodySchema,
  editTemplateBodySchema,
} from "../../contracts/template.definition.contract";
import { defineRoute, type Route } from "../../lib/http/define.route";
import { renderForLead } from "../../services/saas/automation/lead.variables";
import {
  getTemplate,
  listTemplates,
  previewTemplate,
  syncAllTemplates,
} from "../../services/saas/whatsapp/template.service";
import {
  createMetaTemplate,
  deleteMetaTemplate,
  editMetaTemplate,
} from "../../services/saas/whatsapp/template.write.service";

const read = { kind: "tenant", scope: "templates:read" } as const;
const write = { kind: "tenant", scope: "templates:write" } as const;
const tag = "Templates";
const metaProblems = ["invalid-state", "refused-by-meta", "rate-limited", "service-unavailable"] as const;
const params = z.strictObject({ id: objectIdSchema });

/** Message templates of the tenant's WhatsApp accounts. */
export const templateRoutes: readonly Route[] = [
  defineRoute({
    operationId: "listTemplates",
    method: "GET",
    path: "/api/crm/templates",
    tag,
    summary: "List templates",
    description: "As Meta last told of them, by state, category and name.",
    auth: read,
    input: { query: templateListQuerySchema },
    output: { status: 200, description: "Templates by name.", body: pageSchema(templateSchema) },
    problems: ["invalid-cursor"],
    run: async ({ ctx, query }) => ({ body: await listTemplates(ctx, query) }),
  }),
  defineRoute({
    operationId: "createTemplate",
    method: "POST",
    path: "/api/crm/templates",
    tag,
    summary: "Create a template",
    description:
      "At Meta, which reviews it; `status` follows. What Meta would refuse for its form is refused before, with pointers; what it refuses all the same comes with its code in `metaCode`.",
    auth: write,
    input: { body: createTemplateBodySchema },
    output: { status: 201, description: "The template, as a rule PENDING.", body: templateSchema },
    problems: [...metaProblems, "duplicate", "invalid-reference"],
    idempotent: true,
    async run({ ctx, body }) {
      const template = await createMetaTemplate(ctx, body);
      return { body: template, version: template.version };
    },
  }),
  defineRoute({
    operationId: "editTemplate",
    method: "PATCH",
    path: "/api/crm/templates/{id}",
    tag,
    summary: "Edit a template",
    description:
      "At Meta, which reviews it again. Components are replaced as a whole. Only APPROVED, REJECTED and PAUSED templates; an approved one keeps its category and is edited once in 24 hours and ten times in 30 days.",
    auth: write,
    input: { params, body: editTemplateBodySchema },
    output: { status: 200, description: "The template, PENDING again.", body: templateSchema },
    problems: [...metaProblems, "not-found", "precondition-failed"],
    async run({ ctx, params: { id }, body, ifMatch }) {
      const template = await editMetaTemplate(ctx, { id, ifMatch }, body);
      return { body: template, version: template.version };
    },
  }),
  defineRoute({
    operationId: "deleteTemplate",
    method: "DELETE",
    path: "/api/crm/templates/{id}",
    tag,
    summary: "Delete a template in its language",
    description: "At Meta; the name of an approved one cannot be used again for 30 days.",
    auth: write,
    input: { params },
    output: { status: 204, description: "It is deleted." },
    problems: [...metaProblems, "not-found"],
    async run({ ctx, params: { id } }) {
      await deleteMetaTemplate(ctx, id);
      return { body: undefined };
    },
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
    description: "Which variables it has and what the values look like.",
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
