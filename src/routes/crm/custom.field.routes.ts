import * as z from "zod";
import { objectIdSchema, pageSchema } from "../../contracts/common.contract";
import {
  createCustomFieldSchema,
  customFieldSchema,
  listCustomFieldsQuery,
  updateCustomFieldSchema,
} from "../../contracts/custom.field.contract";
import { defineRoute, type Route } from "../../lib/http/define.route";
import {
  createCustomField,
  deleteCustomField,
  getCustomField,
  listCustomFields,
  updateCustomField,
} from "../../services/saas/crm/custom.field.service";

const read = { kind: "tenant", scope: "settings:read" } as const;
const write = { kind: "tenant", scope: "settings:write" } as const;
const tag = "Custom fields";
const params = z.strictObject({ id: objectIdSchema });
const output = { status: 200, description: "The field as it is now.", body: customFieldSchema } as const;

const reply = (field: z.input<typeof customFieldSchema>) => ({ body: field, version: field.version });

/** The tenant's own fields of leads. */
export const customFieldRoutes: readonly Route[] = [
  defineRoute({
    operationId: "listCustomFields",
    method: "GET",
    path: "/api/crm/custom-fields",
    tag,
    summary: "List custom fields",
    description: "The fields that this tenant gives its leads beside their own.",
    auth: read,
    input: { query: listCustomFieldsQuery },
    output: { status: 200, description: "Fields by key.", body: pageSchema(customFieldSchema) },
    problems: ["invalid-cursor"],
    run: async ({ ctx, query }) => ({ body: await listCustomFields(ctx, query) }),
  }),
  defineRoute({
    operationId: "createCustomField",
    method: "POST",
    path: "/api/crm/custom-fields",
    tag,
    summary: "Create a custom field",
    description: "From then on values of `custom` under its key are checked.",
    auth: write,
    input: { body: createCustomFieldSchema },
    output: { status: 201, description: "The field.", body: customFieldSchema },
    problems: ["duplicate", "invalid-state"],
    idempotent: true,
    run: async ({ ctx, body }) => {
      const field = await createCustomField(ctx, body);
      return { ...reply(field), headers: { location: `/api/crm/custom-fields/${field.id}` } };
    },
  }),
  defineRoute({
    operationId: "getCustomField",
    method: "GET",
    path: "/api/crm/custom-fields/{id}",
    tag,
    summary: "Read a custom field",
    description: "Its key, type, options, and whether searches may ask for it.",
    auth: read,
    input: { params },
    output,
    problems: ["not-found"],
    run: async ({ ctx, params: { id } }) => reply(await getCustomField(ctx, id)),
  }),
  defineRoute({
    operationId: "updateCustomField",
    method: "PATCH",
    path: "/api/crm/custom-fields/{id}",
    tag,
    summary: "Change a custom field",
    description: "Its key and type never change: leads hold values of that type.",
    auth: write,
    input: { params, body: updateCustomFieldSchema },
    output,
    problems: ["not-found", "precondition-failed"],
    run: async ({ ctx, params: { id }, body, ifMatch }) =>
      reply(await updateCustomField(ctx, { id, ifMatch }, body)),
  }),
  defineRoute({
    operationId: "deleteCustomField",
    method: "DELETE",
    path: "/api/crm/custom-fields/{id}",
    tag,
    summary: "Delete a custom field",
    description: "Values that leads hold stay with them, unchecked.",
    auth: write,
    input: { params },
    output: { status: 204, description: "It is deleted." },
    problems: ["not-found", "precondition-failed"],
    run: async ({ ctx, params: { id }, ifMatch }) => {
      await deleteCustomField(ctx, { id, ifMatch });
      return { body: undefined };
    },
  }),
];
