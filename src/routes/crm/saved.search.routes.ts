import * as z from "zod";
import { objectIdSchema, pageSchema } from "../../contracts/common.contract";
import {
  createSavedSearchSchema,
  listSavedSearchesQuery,
  savedSearchSchema,
  updateSavedSearchSchema,
} from "../../contracts/saved.search.contract";
import { defineRoute, type Route } from "../../lib/http/define.route";
import {
  createSavedSearch,
  deleteSavedSearch,
  getSavedSearch,
  listSavedSearches,
  updateSavedSearch,
} from "../../services/saas/crm/saved.search.service";

const read = { kind: "tenant", scope: "leads:read" } as const;
const write = { kind: "tenant", scope: "leads:write" } as const;
const tag = "Leads";
const path = "/api/crm/saved-searches";
const params = z.strictObject({ id: objectIdSchema });
const output = { status: 200, description: "The search as it is now.", body: savedSearchSchema } as const;

const reply = (search: z.input<typeof savedSearchSchema>) => ({ body: search, version: search.version });

/** Searches for leads under a name. */
export const savedSearchRoutes: readonly Route[] = [
  defineRoute({
    operationId: "listSavedSearches",
    method: "GET",
    path,
    tag,
    summary: "List saved searches",
    description: "By name; each holds what `POST /leads/search` takes.",
    auth: read,
    input: { query: listSavedSearchesQuery },
    output: { status: 200, description: "Searches by name.", body: pageSchema(savedSearchSchema) },
    problems: ["invalid-cursor"],
    run: async ({ ctx, query }) => ({ body: await listSavedSearches(ctx, query) }),
  }),
  defineRoute({
    operationId: "createSavedSearch",
    method: "POST",
    path,
    tag,
    summary: "Save a search",
    description:
      "What `POST /leads/search` takes, under a name: for lists, and as the audience of broadcasts.",
    auth: write,
    input: { body: createSavedSearchSchema },
    output: { status: 201, description: "The search.", body: savedSearchSchema },
    problems: ["duplicate", "invalid-state"],
    idempotent: true,
    run: async ({ ctx, body }) => {
      const search = await createSavedSearch(ctx, body);
      return { ...reply(search), headers: { location: `${path}/${search.id}` } };
    },
  }),
  defineRoute({
    operationId: "getSavedSearch",
    method: "GET",
    path: `${path}/{id}`,
    tag,
    summary: "Read a saved search",
    description: "Its condition and words, to be searched with.",
    auth: read,
    input: { params },
    output,
    problems: ["not-found"],
    run: async ({ ctx, params: { id } }) => reply(await getSavedSearch(ctx, id)),
  }),
  defineRoute({
    operationId: "updateSavedSearch",
    method: "PATCH",
    path: `${path}/{id}`,
    tag,
    summary: "Change a saved search",
    description: "Merge patch: absent stays. Broadcasts that have started keep whom it found.",
    auth: write,
    input: { params, body: updateSavedSearchSchema },
    output,
    problems: ["not-found", "precondition-failed", "duplicate"],
    run: async ({ ctx, params: { id }, body, ifMatch }) =>
      reply(await updateSavedSearch(ctx, { id, ifMatch }, body)),
  }),
  defineRoute({
    operationId: "deleteSavedSearch",
    method: "DELETE",
    path: `${path}/{id}`,
    tag,
    summary: "Delete a saved search",
    description: "Its name is free again. A broadcast that was to start with it pauses and says so.",
    auth: write,
    input: { params },
    output: { status: 204, description: "It is deleted." },
    problems: ["not-found", "precondition-failed"],
    run: async ({ ctx, params: { id }, ifMatch }) => {
      await deleteSavedSearch(ctx, { id, ifMatch });
      return { body: undefined };
    },
  }),
];
