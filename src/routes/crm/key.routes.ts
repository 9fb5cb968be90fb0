import { shownApiKeySchema } from "../../contracts/client.contract";
import {
  createTenantKeySchema,
  rotateTenantKeySchema,
  tenantKeyParam,
  tenantKeySchema,
  tenantKeysSchema,
} from "../../contracts/tenant.key.contract";
import { defineRoute, type Route } from "../../lib/http/define.route";
import {
  createTenantKey,
  listTenantKeys,
  revokeTenantKey,
  rotateTenantKey,
} from "../../services/clients/tenant.key.service";

const auth = { kind: "tenant", scope: "keys:manage" } as const;
const tag = "API keys";
const path = "/api/crm/api-keys";

/**
 * The tenant's own keys. What makes a key takes no Idempotency-Key: a stored answer would hold the secret. Repeating a
 * creation is refused by the key's name.
 */
export const keyRoutes: readonly Route[] = [
  defineRoute({
    operationId: "listKeys",
    method: "GET",
    path,
    tag,
    summary: "List API keys",
    description: "Which keys there are, what they may do, until when, and which one you use.",
    auth,
    input: {},
    output: {
      status: 200,
      description: "All keys, the newest first, without secrets.",
      body: tenantKeysSchema,
    },
    problems: [],
    run: async ({ ctx }) => ({
      body: { data: await listTenantKeys(ctx), nextCursor: null, hasMore: false },
    }),
  }),
  defineRoute({
    operationId: "createKey",
    method: "POST",
    path,
    tag,
    summary: "Create an API key",
    description:
      "Shown this once. It can do no more than your own key, and ends no later. Repeating it answers 409 with the id of the key that has the name.",
    auth,
    input: { body: createTenantKeySchema },
    output: { status: 201, description: "The key, shown this once.", body: shownApiKeySchema },
    problems: ["duplicate", "invalid-state"],
    run: async ({ ctx, body }) => ({ body: await createTenantKey(ctx, body) }),
  }),
  defineRoute({
    operationId: "rotateKey",
    method: "POST",
    path: `${path}/{keyId}/rotate`,
    tag,
    summary: "Replace an API key, with an overlap",
    description:
      "The new key may do the same and is shown this once; the old one works for `overlapHours` more. A key that works for longer than your own is not replaced by it.",
    auth,
    input: { params: tenantKeyParam, body: rotateTenantKeySchema },
    output: { status: 201, description: "The new key, shown this once.", body: shownApiKeySchema },
    problems: ["not-found", "invalid-state"],
    run: async ({ ctx, params: { keyId }, body }) => ({
      body: await rotateTenantKey(ctx, keyId, body.overlapHours),
    }),
  }),
  defineRoute({
    operationId: "revokeKey",
    method: "POST",
    path: `${path}/{keyId}/revoke`,
    tag,
    summary: "Revoke an API key",
    description: "It is useless everywhere within 15 s. The last key that manages keys stays.",
    auth,
    input: { params: tenantKeyParam },
    output: { status: 200, description: "The key as it is now.", body: tenantKeySchema },
    problems: ["not-found", "invalid-state"],
    run: async ({ ctx, params: { keyId } }) => ({ body: await revokeTenantKey(ctx, keyId) }),
  }),
];
