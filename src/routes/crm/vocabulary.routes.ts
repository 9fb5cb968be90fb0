import * as z from "zod";
import { objectIdSchema, pageSchema } from "../../contracts/common.contract";
import {
  createSourceSchema,
  createTagSchema,
  listNamesQuery,
  sourceEntrySchema,
  tagEntrySchema,
  updateNameSchema,
} from "../../contracts/vocabulary.contract";
import { defineRoute, type Route } from "../../lib/http/define.route";
import { createName, deleteName, listNames, updateName } from "../../services/saas/crm/vocabulary.service";

const read = { kind: "tenant", scope: "leads:read" } as const;
const write = { kind: "tenant", scope: "settings:write" } as const;
const tag = "Leads";
const params = z.strictObject({ id: objectIdSchema });

const lists = [
  {
    kind: "tag",
    Name: "Tag",
    one: "a tag",
    many: "tags",
    path: "/api/crm/tags",
    entry: tagEntrySchema,
    create: createTagSchema,
  },
  {
    kind: "source",
    Name: "Source",
    one: "a source",
    many: "sources",
    path: "/api/crm/sources",
    entry: sourceEntrySchema,
    create: createSourceSchema,
  },
] as const;

/** Tags and sources: lists to choose from, which what leads use fills by itself. */
export const vocabularyRoutes: readonly Route[] = lists.flatMap(
  ({ kind, Name, one, many, path, entry, create }) => [
    defineRoute({
      operationId: `list${Name}s`,
      method: "GET",
      path,
      tag,
      summary: `List ${many}`,
      description: `By the alphabet, for people to choose from. A new one is here as soon as a lead has it.`,
      auth: read,
      input: { query: listNamesQuery },
      output: { status: 200, description: `A page of ${many}.`, body: pageSchema(entry) },
      problems: ["invalid-cursor"],
      run: async ({ ctx, query }) => ({ body: await listNames(ctx, kind, query) }),
    }),
    defineRoute({
      operationId: `create${Name}`,
      method: "POST",
      path,
      tag,
      summary: `Add ${one} to the list`,
      description: "Before any lead has it, or to give it a colour. 409 names the one that is there.",
      auth: write,
      input: { body: create },
      output: { status: 201, description: "As it is on the list.", body: entry },
      problems: ["duplicate"],
      idempotent: true,
      run: async ({ ctx, body }) => {
        const made = await createName(ctx, kind, body);
        return { body: made, version: made.version };
      },
    }),
    defineRoute({
      operationId: `update${Name}`,
      method: "PATCH",
      path: `${path}/{id}`,
      tag,
      summary: `Change the colour of ${one}`,
      description: "Its name never changes: leads and rules hold on to it.",
      auth: write,
      input: { params, body: updateNameSchema },
      output: { status: 200, description: "As it is now.", body: entry },
      problems: ["not-found", "precondition-failed"],
      run: async ({ ctx, params: { id }, body, ifMatch }) => {
        const saved = await updateName(ctx, kind, { id, ifMatch }, body);
        return { body: saved, version: saved.version };
      },
    }),
    defineRoute({
      operationId: `delete${Name}`,
      method: "DELETE",
      path: `${path}/{id}`,
      tag,
      summary: `Take ${one} off the list`,
      description: "Leads that have it keep it; the next lead that gets it brings it back.",
      auth: write,
      input: { params },
      output: { status: 204, description: "It is off the list." },
      problems: ["not-found", "precondition-failed"],
      run: async ({ ctx, params: { id }, ifMatch }) => {
        await deleteName(ctx, kind, { id, ifMatch });
        return { body: undefined };
      },
    }),
  ],
);
