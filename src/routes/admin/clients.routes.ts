import * as z from "zod";
import {
  apiKeyViewSchema,
  clientCodeParam,
  clientViewSchema,
  createdClientSchema,
  keyParam,
  listClientsQuery,
  migrateSchema,
  migrationReportSchema,
  newClientSchema,
  offboardedSchema,
  offboardSchema,
  rotateKeySchema,
  rotateUriSchema,
  shownApiKeySchema,
  suspendSchema,
} from "../../contracts/client.contract";
import { pageSchema } from "../../contracts/common.contract";
import { defineRoute, type Route, scopes } from "../../lib/http/define.route";
import {
  createClient,
  getClient,
  listClients,
  migrateClient,
  offboardClientOnHost,
  resumeClient,
  revokeKey,
  rotateKey,
  rotateUri,
  suspendClient,
} from "../../services/clients/client.service";

const auth = { kind: "admin" } as const;
const tag = "Clients";
const one = "/api/admin/clients/{clientCode}";
const client = { status: 200, description: "The client as it is now.", body: clientViewSchema } as const;
const keyScopes = z
  .array(z.enum(scopes))
  .min(1)
  .optional()
  .meta({
    description: "What the key may do. Absent: everything, or what the replaced keys may.",
    example: ["leads:read"],
  });

const reply = (view: z.input<typeof clientViewSchema>) => ({ body: view, version: view.version });

/** The platform's tenants: the same acts as `npm run tenants`. Each is in the audit under the admin key's name. */
export const adminClientRoutes: readonly Route[] = [
  defineRoute({
    operationId: "createClient",
    method: "POST",
    path: "/api/admin/clients",
    tag,
    summary: "Create a client",
    description:
      "Makes its database with every index, its settings and its first API key, which is shown this once. A creation that was cut off is finished by the same call.",
    auth,
    input: { body: newClientSchema.extend({ scopes: keyScopes }) },
    output: { status: 201, description: "The client and its first key.", body: createdClientSchema },
    problems: ["duplicate", "conflict", "tenant-database-unavailable"],
    async run({ ctx, body: { scopes: chosen, ...input } }) {
      const created = await createClient(ctx, input, chosen ? { scopes: chosen } : {});
      return { body: created, version: created.client.version };
    },
  }),
  defineRoute({
    operationId: "listClients",
    method: "GET",
    path: "/api/admin/clients",
    tag,
    summary: "List clients",
    description: "All tenants with their state, a page at a time.",
    auth,
    input: { query: listClientsQuery },
    output: { status: 200, description: "Clients by code.", body: pageSchema(clientViewSchema) },
    problems: ["invalid-cursor"],
    run: async ({ query }) => ({ body: await listClients(query) }),
  }),
  defineRoute({
    operationId: "getClient",
    method: "GET",
    path: one,
    tag,
    summary: "Show a client",
    description: "Its state, keys and where its data is; no secret is shown.",
    auth,
    input: { params: clientCodeParam },
    output: client,
    problems: ["not-found"],
    run: async ({ params }) => reply(await getClient(params.clientCode)),
  }),
  defineRoute({
    operationId: "suspendClient",
    method: "POST",
    path: `${one}/suspend`,
    tag,
    summary: "Suspend a client",
    description:
      "Felt everywhere within 30 s: its keys answer 403, its jobs wait, its webhooks are still stored.",
    auth,
    input: { params: clientCodeParam, body: suspendSchema },
    output: client,
    problems: ["not-found", "invalid-state"],
    run: async ({ ctx, params, body }) => reply(await suspendClient(ctx, params.clientCode, body.reason)),
  }),
  defineRoute({
    operationId: "resumeClient",
    method: "POST",
    path: `${one}/resume`,
    tag,
    summary: "Take a suspension back",
    description: "Its keys work again and its waiting jobs run.",
    auth,
    input: { params: clientCodeParam },
    output: client,
    problems: ["not-found", "invalid-state"],
    run: async ({ ctx, params }) => reply(await resumeClient(ctx, params.clientCode)),
  }),
  defineRoute({
    operationId: "listClientKeys",
    method: "GET",
    path: `${one}/keys`,
    tag,
    summary: "List a client's API keys",
    description: "Which keys there are, what they may do, and until when.",
    auth,
    input: { params: clientCodeParam },
    output: {
      status: 200,
      description: "Its keys, without their secrets.",
      body: z.object({ data: z.array(apiKeyViewSchema).meta({ description: "All of its keys." }) }),
    },
    problems: ["not-found"],
    run: async ({ params }) => ({ body: { data: (await getClient(params.clientCode)).apiKeys } }),
  }),
  defineRoute({
    operationId: "rotateClientKey",
    method: "POST",
    path: `${one}/keys`,
    tag,
    summary: "Make a new API key, with an overlap",
    description: "The key is shown this once. The keys it replaces work for `overlapHours` more.",
    auth,
    input: { params: clientCodeParam, body: rotateKeySchema.extend({ scopes: keyScopes }) },
    output: { status: 201, description: "The new key.", body: shownApiKeySchema },
    problems: ["not-found", "invalid-state", "invalid-reference"],
    run: async ({ ctx, params, body: { scopes: chosen, ...input } }) => ({
      body: await rotateKey(ctx, params.clientCode, input, chosen),
    }),
  }),
  defineRoute({
    operationId: "revokeClientKey",
    method: "POST",
    path: `${one}/keys/{keyId}/revoke`,
    tag,
    summary: "Revoke an API key",
    description: "It is useless everywhere within 15 s.",
    auth,
    input: { params: keyParam },
    output: client,
    problems: ["not-found"],
    run: async ({ ctx, params }) => reply(await revokeKey(ctx, params.clientCode, params.keyId)),
  }),
  defineRoute({
    operationId: "rotateClientDataSource",
    method: "POST",
    path: `${one}/data-source`,
    tag,
    summary: "Give a client other database credentials or another place",
    description:
      "The place must hold this client's data already. It is used everywhere within 30 s; keep the old credentials working that long, and no request fails.",
    auth,
    input: { params: clientCodeParam, body: rotateUriSchema },
    output: client,
    problems: ["not-found", "conflict", "tenant-database-unavailable"],
    run: async ({ ctx, params, body }) => reply(await rotateUri(ctx, params.clientCode, body)),
  }),
  defineRoute({
    operationId: "migrateClient",
    method: "POST",
    path: `${one}/migrate`,
    tag,
    summary: "Run the migrations and indexes that a client's database lacks",
    description: "Runs again what was cut short; what is done already changes nothing.",
    auth,
    input: { params: clientCodeParam, body: migrateSchema },
    output: { status: 200, description: "What was done.", body: migrationReportSchema },
    problems: ["not-found", "conflict", "tenant-database-unavailable"],
    run: async ({ ctx, params, body }) => ({ body: await migrateClient(ctx, params.clientCode, body) }),
  }),
  defineRoute({
    operationId: "offboardClient",
    method: "POST",
    path: `${one}/offboard`,
    tag,
    summary: "Export a suspended client's data and drop everything of it",
    description:
      "Only on a host that keeps its disk (`npm run server`); elsewhere use `npm run tenants -- offboard` from a shell. The client must have been suspended for 45 s.",
    auth,
    input: { params: clientCodeParam, body: offboardSchema },
    output: { status: 200, description: "Where the export is.", body: offboardedSchema },
    problems: ["not-found", "invalid-state", "conflict", "tenant-database-unavailable"],
    run: async ({ ctx, params, body }) => ({
      body: await offboardClientOnHost(ctx, params.clientCode, body.confirm),
    }),
  }),
];
