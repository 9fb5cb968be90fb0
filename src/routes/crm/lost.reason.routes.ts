import * as z from "zod";
import { objectIdSchema, pageSchema } from "../../contracts/common.contract";
import {
  createLostReasonSchema,
  listLostReasonsQuery,
  lostReasonSchema,
  updateLostReasonSchema,
} from "../../contracts/lost.reason.contract";
import { defineRoute, type Route } from "../../lib/http/define.route";
import {
  createLostReason,
  deleteLostReason,
  listLostReasons,
  updateLostReason,
} from "../../services/saas/crm/lost.reason.service";

const write = { kind: "tenant", scope: "settings:write" } as const;
const tag = "Pipelines";
const params = z.strictObject({ id: objectIdSchema });
const reply = (reason: z.input<typeof lostReasonSchema>) => ({ body: reason, version: reason.version });

export const lostReasonRoutes: readonly Route[] = [
  defineRoute({
    operationId: "listLostReasons",
    method: "GET",
    path: "/api/crm/lost-reasons",
    tag,
    summary: "List lost reasons",
    description: "Why leads are lost; a move to a stage of type lost may name one.",
    auth: { kind: "tenant", scope: "leads:read" },
    input: { query: listLostReasonsQuery },
    output: { status: 200, description: "Reasons in their order.", body: pageSchema(lostReasonSchema) },
    problems: ["invalid-cursor"],
    run: async ({ ctx, query }) => ({ body: await listLostReasons(ctx, query) }),
  }),
  defineRoute({
    operationId: "createLostReason",
    method: "POST",
    path: "/api/crm/lost-reasons",
    tag,
    summary: "Add a lost reason",
    description:
      "Once there is one, moves to a lost stage may name only reasons of this list. A stage with `lostReason` among its `requiredFields` asks for one.",
    auth: write,
    input: { body: createLostReasonSchema },
    output: { status: 201, description: "The reason.", body: lostReasonSchema },
    problems: ["duplicate"],
    idempotent: true,
    run: async ({ ctx, body }) => reply(await createLostReason(ctx, body)),
  }),
  defineRoute({
    operationId: "updateLostReason",
    method: "PATCH",
    path: "/api/crm/lost-reasons/{id}",
    tag,
    summary: "Change a lost reason",
    description: "Its key never changes: leads and rules hold on to it.",
    auth: write,
    input: { params, body: updateLostReasonSchema },
    output: { status: 200, description: "The reason as it is now.", body: lostReasonSchema },
    problems: ["not-found", "precondition-failed"],
    run: async ({ ctx, params: { id }, body, ifMatch }) =>
      reply(await updateLostReason(ctx, { id, ifMatch }, body)),
  }),
  defineRoute({
    operationId: "deleteLostReason",
    method: "DELETE",
    path: "/api/crm/lost-reasons/{id}",
    tag,
    summary: "Delete a lost reason",
    description: "Leads that were lost for it keep its key.",
    auth: write,
    input: { params },
    output: { status: 204, description: "It is deleted." },
    problems: ["not-found", "precondition-failed"],
    run: async ({ ctx, params: { id }, ifMatch }) => {
      await deleteLostReason(ctx, { id, ifMatch });
      return { body: undefined };
    },
  }),
];
