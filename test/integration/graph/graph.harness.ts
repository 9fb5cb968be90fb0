/** A simulator, a webhook receiver that keeps the exact bytes, and a caller with a token. */
import { createHmac } from "node:crypto";
import { once } from "node:events";
import { createServer, type IncomingHttpHeaders, type Server } from "node:http";
import { setTimeout as pause } from "node:timers/promises";
import { type GraphOptions, type GraphServer, startGraph } from "../../../dev/graph/start.graph";

export const appSecret = "harness-app-secret";
export const verifyToken = "harness-verify-token";
export const acme = {
  phoneNumberId: "900100200300400",
  wabaId: "800100200300400",
  displayPhoneNumber: "+15550001111",
  verifiedName: "Acme",
  token: "token-of-acme",
};
export const other = {
  phoneNumberId: "900100200300500",
  wabaId: "800100200300500",
  displayPhoneNumber: "+15550002222",
  verifiedName: "Other",
  token: "token-of-other",
  appSecret: "secret-of-the-other-app",
};
export const ana = "447700900123";

export interface ReceivedWebhook {
  path: string;
  headers: IncomingHttpHeaders;
  bytes: Buffer;
  json: unknown;
}

export interface Called {
  status: number;
  json: unknown;
  headers: Headers;
}

export interface Harness {
  graph: GraphServer;
  received: ReceivedWebhook[];
  /** Statuses the receiver answers, one per webhook; then 200 again. */
  answers: number[];
  hookUrl: string;
  call(method: string, path: string, body?: unknown, token?: string | null): Promise<Called>;
  sim(path: string, body?: unknown): Promise<Called>;
  send(content: Record<string, unknown>, to?: string): Promise<Called>;
  /** Resolves when `count` webhooks whose JSON matches have come. */
  webhooks(count: number, matches?: (webhook: ReceivedWebhook) => boolean): Promise<ReceivedWebhook[]>;
  stop(): Promise<void>;
}

export async function startHarness(options: Partial<GraphOptions> = {}): Promise<Harness> {
  const received: ReceivedWebhook[] = [];
  const answers: number[] = [];
  const hook = await startReceiver(received, answers);
  const graph = await startGraph({
    appSecret,
    verifyToken,
    webhookUrl: hook.url,
    numbers: [acme, other],
    webhookRetryMs: [20, 40],
    ...options,
  }).catch((error: unknown) => {
    hook.server.close();
    throw error;
  });
  const call: Harness["call"] = async (method, path, body, token = acme.token) => {
    const response = await fetch(`${graph.url}${path}`, {
      method,
      headers: {
        ...(token === null ? {} : { authorization: `Bearer ${token}` }),
        ...(body === undefined ? {} : { "content-type": "application/json" }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    return {
      status: response.status,
      json: text === "" ? undefined : parsed(text),
      headers: response.headers,
    };
  };
  return {
    graph,
    received,
    answers,
    hookUrl: hook.url,
    call,
    sim: (path, body) => call(body === undefined ? "GET" : "POST", `/_sim${path}`, body, null),
    send: (content, to = `+${ana}`) =>
      call("POST", `/v24.0/${acme.phoneNumberId}/messages`, {
        messaging_product: "whatsapp",
        to,
        ...content,
      }),
    webhooks: (count, matches = () => true) => waitFor(() => received.filter(matches), count),
    async stop() {
      await graph.stop();
      const closed = once(hook.server, "close");
      hook.server.close();
      hook.server.closeAllConnections();
      await closed;
    },
  };
}

async function startReceiver(
  received: ReceivedWebhook[],
  answers: number[],
): Promise<{ server: Server; url: string }> {
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const url = new URL(request.url ?? "/", "http://hook.invalid");
      if (request.method === "GET") {
        const right = url.searchParams.get("hub.verify_token") === verifyToken;
        response.writeHead(right ? 200 : 403).end(url.searchParams.get("hub.challenge"));
        return;
      }
      const bytes = Buffer.concat(chunks);
      received.push({ path: url.pathname, headers: request.headers, bytes, json: parsed(bytes.toString()) });
      response.writeHead(answers.shift() ?? 200).end();
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  return { server, url: `http://127.0.0.1:${port}/hook` };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

async function waitFor<Item>(find: () => Item[], count: number): Promise<Item[]> {
  const untilMs = Date.now() + 5000;
  for (;;) {
    const found = find();
    if (found.length >= count) return found;
    if (Date.now() > untilMs) throw new Error(`Waited 5 s for ${count} webhooks, ${found.length} came`);
    await pause(10);
  }
}

/** The value at `a.b.0.c`, or undefined. */
export function at(value: unknown, path: string): unknown {
  let current: unknown = value;
  for (const key of path.split(".")) {
    if (typeof current !== "object" || current === null) return undefined;
    current = new Map(Object.entries(current)).get(key);
  }
  return current;
}

/** The same where there must be a text. */
export function textAt(value: unknown, path: string): string {
  const found = at(value, path);
  if (typeof found !== "string") throw new Error(`There is no text at ${path}`);
  return found;
}

/** Meta's code of an answer. */
export const codeOf = (called: Called): unknown => at(called.json, "error.code");

/** The wamid of an accepted send. */
export const wamidOf = (called: Called): string => textAt(called.json, "messages.0.id");

/** The first status of a webhook, if it is one. */
export const statusOf = ({ json }: ReceivedWebhook): unknown =>
  at(json, "entry.0.changes.0.value.statuses.0");

/** The kind of change a webhook brings. */
export const fieldOf = ({ json }: ReceivedWebhook): unknown => at(json, "entry.0.changes.0.field");

export const isStatus = (webhook: ReceivedWebhook): boolean => statusOf(webhook) !== undefined;

export function signatureOf(secret: string, bytes: Buffer): string {
  return `sha256=${createHmac("sha256", secret).update(bytes).digest("hex")}`;
}
