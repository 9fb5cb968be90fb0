import { clientCodeParam } from "../../contracts/client.contract";
import {
  connectedNumberSchema,
  connectNumberSchema,
  createdEndpointSchema,
  endpointParams,
  endpointSchema,
  endpointsSchema,
  newEndpointSchema,
  numberParams,
} from "../../contracts/whatsapp.number.contract";
import { createTenantContext } from "../../lib/context/create.context";
import type { EventDispatcher } from "../../lib/context/tenant.context";
import { defineRoute, type Route } from "../../lib/http/define.route";
import { withTenant } from "../../lib/tenant/tenant.registry";
import { admitToClient } from "../../services/clients/platform.gate";
import { dispatchEvents } from "../../services/saas/automation/dispatch.events";
import { connectNumber } from "../../services/saas/whatsapp/connect.number.service";
import { disconnectNumber } from "../../services/saas/whatsapp/disconnect.number.service";
import {
  createEndpoint,
  listEndpoints,
  rotateEndpointSecret,
} from "../../services/saas/whatsapp/endpoint.service";

const auth = { kind: "admin" } as const;
const tag = "WhatsApp numbers";
const one = "/api/admin/clients/{clientCode}";
const dispatch: EventDispatcher = dispatchEvents;

/** Connecting clients' numbers and their own Meta apps: the same acts as `npm run tenants -- whatsapp`. */
export const adminWhatsAppRoutes: readonly Route[] = [
  defineRoute({
    operationId: "connectWhatsAppNumber",
    method: "POST",
    path: `${one}/whatsapp-numbers`,
    tag,
    summary: "Connect a WhatsApp number",
    description:
      "Meta confirms with this very token that number and account belong together; then webhooks are bound and subscribed and the templates are read. Again with a new token takes a paused number up.",
    auth,
    input: { params: clientCodeParam, body: connectNumberSchema },
    output: { status: 201, description: "The number, and what is missing.", body: connectedNumberSchema },
    problems: ["not-found", "invalid-reference", "duplicate", "service-unavailable"],
    async run({ ctx, params, body }) {
      const { phoneNumberId, wabaId } = body;
      const clientCode = await admitToClient(ctx, params.clientCode, {
        action: "client.whatsapp.connect",
        detail: { phoneNumberId, wabaId },
      });
      const { actor, requestId } = ctx;
      const tenant = createTenantContext({ clientCode, actor, requestId, dispatch });
      const { missing, ...connected } = await withTenant(clientCode, () => connectNumber(tenant, body));
      return { body: { ...connected, missing: [...missing] } };
    },
  }),
  defineRoute({
    operationId: "disconnectWhatsAppNumber",
    method: "DELETE",
    path: `${one}/whatsapp-numbers/{phoneNumberId}`,
    tag,
    summary: "Let a WhatsApp number go",
    description:
      "Its history stays with the client, what waits to be sent fails, its token is forgotten, and another client may connect it. Again it changes nothing.",
    auth,
    input: { params: numberParams },
    output: { status: 204, description: "It is disconnected." },
    problems: ["not-found"],
    async run({ ctx, params }) {
      const { phoneNumberId } = params;
      const clientCode = await admitToClient(ctx, params.clientCode, {
        action: "client.whatsapp.disconnect",
        detail: { phoneNumberId },
      });
      const { actor, requestId } = ctx;
      const tenant = createTenantContext({ clientCode, actor, requestId, dispatch });
      await withTenant(clientCode, () => disconnectNumber(tenant, phoneNumberId), { evenSuspended: true });
      return { body: undefined };
    },
  }),
  defineRoute({
    operationId: "createWhatsAppEndpoint",
    method: "POST",
    path: `${one}/whatsapp-endpoints`,
    tag,
    summary: "Make a webhook address for a client's own Meta app",
    description: "Enter the address and its verify token in Meta's app dashboard.",
    auth,
    input: { params: clientCodeParam, body: newEndpointSchema },
    output: { status: 201, description: "The address and its verify token.", body: createdEndpointSchema },
    problems: ["not-found"],
    async run({ ctx, params, body }) {
      const clientCode = await admitToClient(ctx, params.clientCode, { action: "client.whatsapp.endpoint" });
      return { body: await createEndpoint(ctx, clientCode, body) };
    },
  }),
  defineRoute({
    operationId: "listWhatsAppEndpoints",
    method: "GET",
    path: `${one}/whatsapp-endpoints`,
    tag,
    summary: "A client's own webhook addresses",
    description: "Addresses of Meta apps that the client owns itself.",
    auth,
    input: { params: clientCodeParam },
    output: { status: 200, description: "The oldest first.", body: endpointsSchema },
    problems: ["not-found"],
    async run({ ctx, params }) {
      const clientCode = await admitToClient(ctx, params.clientCode, { action: "client.whatsapp.endpoints" });
      return { body: { data: await listEndpoints(clientCode) } };
    },
  }),
  defineRoute({
    operationId: "rotateWhatsAppEndpoint",
    method: "POST",
    path: `${one}/whatsapp-endpoints/{endpointId}/rotate`,
    tag,
    summary: "Take the new secret of a client's own Meta app",
    description: "The secret before it is still taken, until the next change.",
    auth,
    input: { params: endpointParams, body: newEndpointSchema },
    output: { status: 200, description: "The endpoint.", body: endpointSchema },
    problems: ["not-found"],
    async run({ ctx, params, body }) {
      const clientCode = await admitToClient(ctx, params.clientCode, { action: "client.whatsapp.endpoint" });
      const { endpointId } = params;
      return { body: await rotateEndpointSecret(ctx, clientCode, { endpointId, ...body }) };
    },
  }),
];
