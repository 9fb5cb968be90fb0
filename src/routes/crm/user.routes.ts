import * as z from "zod";
import { objectIdSchema, pageSchema } from "../../contracts/common.contract";
import {
  createUserSchema,
  listUsersQuery,
  updateUserSchema,
  userSchema,
} from "../../contracts/user.contract";
import { defineRoute, type Route } from "../../lib/http/define.route";
import {
  createUser,
  getUser,
  listUsers,
  setUserStatus,
  updateUser,
} from "../../services/saas/crm/user.service";

const read = { kind: "tenant", scope: "settings:read" } as const;
const write = { kind: "tenant", scope: "settings:write" } as const;
const tag = "Users";
const params = z.strictObject({ id: objectIdSchema });
const output = { status: 200, description: "The user as it is now.", body: userSchema } as const;

const reply = (user: z.input<typeof userSchema>) => ({ body: user, version: user.version });

/** Ending somebody's work for the tenant, and taking it up again. */
const turns = [
  {
    verb: "disable",
    operationId: "disableUser",
    summary: "Disable a user",
    description:
      "Nothing new is given to the person; what the person has stays until it is given to another.",
    status: "disabled",
  },
  {
    verb: "enable",
    operationId: "enableUser",
    summary: "Enable a user",
    description: "For one who was disabled.",
    status: "active",
  },
] as const;

/** The people who work for a tenant. They do not sign in here: keys do. */
export const userRoutes: readonly Route[] = [
  defineRoute({
    operationId: "listUsers",
    method: "GET",
    path: "/api/crm/users",
    tag,
    summary: "List users",
    description: "People who work for the tenant, also those who are away or disabled.",
    auth: read,
    input: { query: listUsersQuery },
    output: { status: 200, description: "Users by key.", body: pageSchema(userSchema) },
    problems: ["invalid-cursor"],
    run: async ({ ctx, query }) => ({ body: await listUsers(ctx, query) }),
  }),
  defineRoute({
    operationId: "createUser",
    method: "POST",
    path: "/api/crm/users",
    tag,
    summary: "Create a user",
    description:
      "A person who can own leads, be assigned conversations and tasks, and be notified. Others name the person by `key`, which never changes.",
    auth: write,
    input: { body: createUserSchema },
    output: { status: 201, description: "The user.", body: userSchema },
    problems: ["duplicate"],
    idempotent: true,
    run: async ({ ctx, body }) => {
      const user = await createUser(ctx, body);
      return { ...reply(user), headers: { location: `/api/crm/users/${user.id}` } };
    },
  }),
  defineRoute({
    operationId: "getUser",
    method: "GET",
    path: "/api/crm/users/{id}",
    tag,
    summary: "Read a user",
    description: "With state and availability.",
    auth: read,
    input: { params },
    output,
    problems: ["not-found"],
    run: async ({ ctx, params: { id } }) => reply(await getUser(ctx, id)),
  }),
  defineRoute({
    operationId: "updateUser",
    method: "PATCH",
    path: "/api/crm/users/{id}",
    tag,
    summary: "Change a user",
    description: "Also whether new work may be given to the person now.",
    auth: write,
    input: { params, body: updateUserSchema },
    output,
    problems: ["not-found", "precondition-failed", "duplicate", "conflict"],
    run: async ({ ctx, params: { id }, body, ifMatch }) =>
      reply(await updateUser(ctx, { id, ifMatch }, body)),
  }),
  ...turns.map(({ verb, operationId, summary, description, status }) =>
    defineRoute({
      operationId,
      method: "POST",
      path: `/api/crm/users/{id}/${verb}`,
      tag,
      summary,
      description,
      auth: write,
      input: { params },
      output,
      problems: ["not-found", "precondition-failed", "conflict"],
      run: async ({ ctx, params: { id }, ifMatch }) =>
        reply(await setUserStatus(ctx, { id, ifMatch }, status)),
    }),
  ),
];
