/** What the WhatsApp tests share: a fake Meta, tenants with connected numbers, and the webhook's own door. */
import { createHmac } from "node:crypto";
import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import * as z from "zod";
import { type GraphServer, startGraph } from "../../../dev/graph/start.graph";
import type { CrmEvent } from "../../../src/contracts/crm.event.contract";
import { drainUntilIdle } from "../../../src/jobs/drain.until.idle";
import { now } from "../../../src/lib/clock/clock";
import { createTenantContext } from "../../../src/lib/context/create.context";
import type { TenantContext } from "../../../src/lib/context/tenant.context";
import { getCentralModels } from "../../../src/lib/db/get.central.models";
import { adoptEnvironment, env } from "../../../src/lib/env/env";
import type { CrmModels } from "../../../src/lib/tenant/get.crm.model";
import { closeAllConnections } from "../../../src/lib/tenant/tenant.registry";
import { conversationRoutes } from "../../../src/routes/crm/conversation.routes";
import { leadRoutes } from "../../../src/routes/crm/lead.routes";
import { templateRoutes } from "../../../src/routes/crm/template.routes";
import { whatsappWebhookRoutes } from "../../../src/routes/whatsapp.webhook.routes";
import { ensureTenantDefaults } from "../../../src/services/saas/crm/tenant.defaults";
import { connectNumber } from "../../../src/services/saas/whatsapp/connect.number.service";
import { type ApiAnswer, ApiClient, keysOf, lambdaTransport } from "../../builders/api.client";
import { createTenant } from "../../builders/client.builder";

export interface WhatsAppNumber {
  readonly phoneNumberId: string;
  readonly wabaId: string;
  readonly displayPhoneNumber: string;
  readonly verifiedName: string;
  readonly token: string;
}

export interface WhatsAppTenant {
  readonly ctx: TenantContext;
  readonly models: CrmModels;
  readonly api: ApiClient;
  /** Headers of its key, for a client of other routes. */
  readonly keys: Readonly<Record<string, string>>;
  readonly number: WhatsAppNumber;
  readonly connectionId: string;
  /** Events that were dispatched, in their order. */
  readonly events: CrmEvent[];
}

export interface WhatsAppStack {
  readonly graph: GraphServer;
  /** What Meta would send: signs a body and posts it to the webhook route. */
  deliver(body: unknown, options?: { secret?: string; signature?: string }): Promise<ApiAnswer>;
  /** Runs every job to its end; events go to `events` of their tenant. */
  drain(): Promise<number>;
  /** A control of the fake Meta. */
  sim(path: string, body?: unknown): Promise<unknown>;
  /** Sends that reached Meta, oldest first. */
  sends(to?: string): Promise<readonly { status: number | "reset"; body: Record<string, unknown> }[]>;
  close(): Promise<void>;
}

const webhookPath = "/api/webhooks/whatsapp";
const webhook = lambdaTransport(whatsappWebhookRoutes);
const byTenant = new Map<string, CrmEvent[]>();

const dispatch = async (ctx: TenantContext, events: readonly CrmEvent[]) => {
  byTenant.get(ctx.clientCode)?.push(...events);
};

export function numberOf(n: number): WhatsAppNumber {
  return {
    phoneNumberId: `90010020030040${n}`,
    wabaId: `80010020030040${n}`,
    displayPhoneNumber: `+1555000111${n}`,
    verifiedName: `Business ${n}`,
    token: `token-of-business-${n}`,
  };
}

/** Starts the fake Meta, with statuses and webhooks going to the webhook route of this process. */
export async function startWhatsApp(numbers = [numberOf(1), numberOf(2)]): Promise<WhatsAppStack> {
  const graph = await startGraph({
    appSecret: "test-app-secret",
    verifyToken: "test-verify-token",
    numbers: [...numbers],
    webhookRetryMs: [],
    now,
  });
  adoptEnvironment({ GRAPH_BASE_URL: graph.url, GRAPH_TIMEOUT_MS: "1500" });
  const server = await listen();
  graph.setWebhookUrl(server.url);
  return {
    graph,
    async deliver(body, { secret = env().WHATSAPP_APP_SECRET, signature } = {}) {
      const bytes = Buffer.isBuffer(body) ? body : Buffer.from(JSON.stringify(body));
      const own = `sha256=${createHmac("sha256", secret).update(bytes).digest("hex")}`;
      return postWebhook(bytes, signature ?? own);
    },
    drain,
    sim: (path, body) => control(graph, path, body),
    async sends(to) {
      const query = new URLSearchParams({ method: "POST", path: "/messages", ...(to ? { to } : {}) });
      const { requests } = requestsSchema.parse(await control(graph, `/_sim/requests?${query.toString()}`));
      return requests;
    },
    async close() {
      await graph.stop();
      await server.close();
      await closeAllConnections();
    },
  };
}

/**
 * A busy machine may take a while, and may have put items into quarantine that came while it did not answer. A minute
 * in which nearly nothing moves is not one of those.
 */
async function drain(): Promise<number> {
  const { Job } = await getCentralModels();
  let attempts = 0;
  for (let waiting = 1; waiting > 0; ) {
    const { ran, done } = await drainUntilIdle({ dispatch, limitMs: 60_000 });
    attempts += ran;
    if (!done && ran < 60) throw new Error(`The queue was still busy after a minute of ${ran} attempts.`);
    if (!done) continue;
    const replays = { type: "quarantine.replay", state: "scheduled" as const, attempts: 0 };
    waiting = (await Job.updateMany(replays, { $set: { runAt: new Date(0) } })).modifiedCount;
  }
  return attempts;
}

const requestsSchema = z.object({
  requests: z.array(
    z.looseObject({
      status: z.union([z.number(), z.literal("reset")]),
      body: z.record(z.string(), z.unknown()),
    }),
  ),
});

/** A tenant with one connected number and its templates. */
export async function whatsappTenant(stack: WhatsAppStack, number: WhatsAppNumber): Promise<WhatsAppTenant> {
  const { clientCode, apiKey, models } = await createTenant();
  const events: CrmEvent[] = [];
  byTenant.set(clientCode, events);
  const ctx = createTenantContext({
    clientCode,
    actor: { type: "api_key", id: "test" },
    requestId: "req_test",
    dispatch,
  });
  await ensureTenantDefaults(ctx);
  const { connectionId } = await connectNumber(ctx, number);
  await stack.drain();
  const routes = [...conversationRoutes, ...templateRoutes, ...leadRoutes];
  const keys = keysOf({ clientCode, apiKey });
  const api = new ApiClient(lambdaTransport(routes, { dispatch }), keys);
  return { ctx, models, api, keys, number, connectionId, events };
}

async function control(graph: GraphServer, path: string, body?: unknown): Promise<unknown> {
  const answer = await fetch(`${graph.url}${path}`, {
    method: body === undefined ? "GET" : "POST",
    ...(body === undefined
      ? {}
      : { body: JSON.stringify(body), headers: { "content-type": "application/json" } }),
  });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`${path} answered ${answer.status}: ${text}`);
  return JSON.parse(text);
}

function postWebhook(bytes: Buffer, signature: string | undefined): Promise<ApiAnswer> {
  return webhook({
    method: "POST",
    path: webhookPath,
    bytes,
    headers: {
      "content-type": "application/json",
      ...(signature === undefined ? {} : { "x-hub-signature-256": signature }),
    },
  });
}

/** Takes what the fake Meta posts. */
async function listen(): Promise<{ url: string; close(): Promise<void> }> {
  const inHand = new Set<Promise<void>>();
  const take = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(Buffer.from(chunk));
    const signature = request.headers["x-hub-signature-256"];
    const answer = await postWebhook(Buffer.concat(chunks), String(signature));
    response.writeHead(answer.status, answer.headers).end(answer.bytes);
  };
  const server: Server = createServer((request, response) => {
    // one that broke off half-way was not taken, and nobody waits for its answer
    const taken = take(request, response).catch(() => undefined);
    inHand.add(taken);
    void taken.finally(() => inHand.delete(taken));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  return {
    url: `http://127.0.0.1:${port}${webhookPath}`,
    async close() {
      server.close();
      // what is being stored must not meet closed connections
      await Promise.all(inHand);
      server.closeAllConnections();
    },
  };
}

let made = 0;

/** A webhook body with messages and statuses for one number. */
export function webhookBody(
  number: WhatsAppNumber,
  value: { contacts?: unknown[]; messages?: unknown[]; statuses?: unknown[] },
): { object: string; entry: unknown[] } {
  const metadata = {
    display_phone_number: number.displayPhoneNumber.slice(1),
    phone_number_id: number.phoneNumberId,
  };
  return {
    object: "whatsapp_business_account",
    entry: [
      {
        id: number.wabaId,
        changes: [{ field: "messages", value: { messaging_product: "whatsapp", metadata, ...value } }],
      },
    ],
  };
}

/** A customer's message as Meta writes it. @param fields on top of a text. */
export function customerMessage(
  from: string,
  fields: { id?: string; timestamp?: string; [name: string]: unknown } = {},
): { id: string; timestamp: string; [name: string]: unknown } {
  made += 1;
  return {
    from,
    id: `wamid.test${made}`,
    timestamp: String(Math.floor(Date.now() / 1000)),
    type: "text",
    text: { body: `Message ${made}` },
    ...fields,
  };
}

export function contactOf(from: string, name: string): Record<string, unknown> {
  return { profile: { name }, wa_id: from };
}
