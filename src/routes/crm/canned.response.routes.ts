import * as z from "zod";
import {
  cannedResponseSchema,
  createCannedResponseSchema,
  listCannedResponsesQuery,
  renderCannedResponseSchema,
  renderedCannedResponseSchema,
  updateCannedResponseSchema,
} from "../../contracts/canned.response.contract";
import { objectIdSchema, pageSchema } from "../../contracts/common.contract";
import { defineRoute, type Route } from "../../lib/http/define.route";
import { renderCannedResponse } from "../../services/saas/automation/canned.preview";
import {
  createCannedResponse,
  deleteCannedResponse,
  getCannedResponse,
  listCannedResponses,
  updateCannedResponse,
} from "../../services/saas/crm/canned.response.service";

const read = { kind: "tenant", scope: "conversations:read" } as const;
const write = { kind: "tenant", scope: "conversations:write" } as const;
const tag = "Canned responses";
const path = "/api/crm/canned-responses";
const params = z.strictObject({ id: objectIdSchema });
const output = { status: 200, description: "The text as it is now.", body: cannedResponseSchema } as const;

const reply = (response: z.input<typeof cannedResponseSchema>) => ({
  body: response,
  version: response.version,
});

/** Texts that people write often. */
export const cannedResponseRoutes: readonly Route[] = [
  defineRoute({
    operationId: "listCannedResponses",
    method: "GET",
    path,
    tag,
    summary: "List canned responses",
    description: "By short code; `startsWith` finds them while somebody types.",
    auth: read,
    input: { query: listCannedResponsesQuery },
    output: { status: 200, description: "Texts by short code.", body: pageSchema(cannedResponseSchema) },
    problems: ["invalid-cursor"],
    run: async ({ ctx, query }) => ({ body: await listCannedResponses(ctx, query) }),
  }),
  defineRoute({
    operationId: "createCannedResponse",
    method: "POST",
    path,
    tag,
    summary: "Create a canned response",
    description: "Its short code is unique; variables are those of rules.",
    auth: write,
    input: { body: createCannedResponseSchema },
    output: { status: 201, description: "The text.", body: cannedResponseSchema },
    problems: ["duplicate", "invalid-state"],
    idempotent: true,
    run: async ({ ctx, body }) => {
      const response = await createCannedResponse(ctx, body);
      return { ...reply(response), headers: { location: `${path}/${response.id}` } };
    },
  }),
  defineRoute({
    operationId: "getCannedResponse",
    method: "GET",
    path: `${path}/{id}`,
    tag,
    summary: "Read a canned response",
    description: "The text with its variables; render fills them in for a lead.",
    auth: read,
    input: { params },
    output,
    problems: ["not-found"],
    run: async ({ ctx, params: { id } }) => reply(await getCannedResponse(ctx, id)),
  }),
  defineRoute({
    operationId: "updateCannedResponse",
    method: "PATCH",
    path: `${path}/{id}`,
    tag,
    summary: "Change a canned response",
    description: "Merge patch: absent stays. What was sent before does not change.",
    auth: write,
    input: { params, body: updateCannedResponseSchema },
    output,
    problems: ["not-found", "precondition-failed", "duplicate"],
    run: async ({ ctx, params: { id }, body, ifMatch }) =>
      reply(await updateCannedResponse(ctx, { id, ifMatch }, body)),
  }),
  defineRoute({
    operationId: "deleteCannedResponse",
    method: "DELETE",
    path: `${path}/{id}`,
    tag,
    summary: "Delete a canned response",
    description: "Its short code is free again.",
    auth: write,
    input: { params },
    output: { status: 204, description: "It is deleted." },
    problems: ["not-found", "precondition-failed"],
    run: async ({ ctx, params: { id }, ifMatch }) => {
      await deleteCannedResponse(ctx, { id, ifMatch });
      return { body: undefined };
    },
  }),
  defineRoute({
    operationId: "renderCannedResponse",
    method: "POST",
    path: `${path}/{id}/render`,
    tag,
    summary: "Put a lead's values into a canned response",
    description: "Nothing is sent. A variable without a value is refused unless the text gives it a default.",
    auth: read,
    input: { params, body: renderCannedResponseSchema },
    output: { status: 200, description: "The text for this lead.", body: renderedCannedResponseSchema },
    problems: ["not-found", "invalid-reference", "missing-variable"],
    run: async ({ ctx, params: { id }, body }) => ({
      body: await renderCannedResponse(ctx, id, body.leadId),
    }),
  }),
];
