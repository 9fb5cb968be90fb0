/** How the demo speaks to the API, to the stack's controls and to the fake Graph server: over HTTP, like anybody. */
import * as z from "zod";
import type { Stack, StackTenant } from "../stack/stack.file";
import { DemoFailure } from "./transcript";

export interface Api {
  get<T extends z.ZodType>(path: string, answer: T): Promise<z.output<T>>;
  /** @param key makes it happen once, however often it is asked for */
  post<T extends z.ZodType>(path: string, body: unknown, answer: T, key?: string): Promise<z.output<T>>;
  patch<T extends z.ZodType>(path: string, body: unknown, answer: T): Promise<z.output<T>>;
  /** Bytes of a range request. */
  bytes(path: string, range: string): Promise<Buffer>;
  /** Status alone, for what must be refused. */
  status(path: string): Promise<number>;
}

/** The CRM API with a tenant's key. */
export function apiOf(stack: Stack, tenant: StackTenant): Api {
  const headers = { "x-api-key": tenant.apiKey, "x-client-code": tenant.clientCode };
  const url = (path: string) => `${stack.apiUrl}/api/crm${path}`;
  return {
    get: (path, answer) => call(url(path), { headers }, answer),
    post: (path, body, answer, key) =>
      call(url(path), json("POST", body, { ...headers, ...(key ? { "idempotency-key": key } : {}) }), answer),
    patch: (path, body, answer) => call(url(path), json("PATCH", body, headers), answer),
    async bytes(path, range) {
      const response = await fetch(url(path), { headers: { ...headers, range } });
      if (!response.ok) throw new DemoFailure(`GET ${path} answered ${response.status}`);
      return Buffer.from(await response.arrayBuffer());
    },
    async status(path) {
      const response = await fetch(url(path), { headers });
      await response.arrayBuffer();
      return response.status;
    },
  };
}

/** The platform's API with the stack's admin key. */
export function adminOf(stack: Stack) {
  const headers = { "x-admin-key": stack.adminKey };
  return {
    post: <T extends z.ZodType>(path: string, body: unknown, answer: T) =>
      call(`${stack.apiUrl}/api/admin${path}`, json("POST", body, headers), answer),
  };
}
export type Admin = ReturnType<typeof adminOf>;

const inboundAnswer = z.object({
  wamid: z.string(),
  deliveries: z.array(z.object({ status: z.number().nullish() })).optional(),
});

/** The stack's own controls: its clock, its queue, and customers who write. */
export function controlsOf(stack: Stack) {
  return {
    /** A customer writes; the fake Graph server signs it and posts it to the webhook. */
    inbound: (message: Record<string, unknown>) =>
      call(`${stack.graphUrl}/_sim/inbound`, json("POST", message), inboundAnswer),
    sim: <T extends z.ZodType>(path: string, body: unknown, answer: T) =>
      call(`${stack.graphUrl}/_sim${path}`, json("POST", body), answer),
    simState: <T extends z.ZodType>(path: string, answer: T) =>
      call(`${stack.graphUrl}/_sim${path}`, {}, answer),
    advance: (duration: string) =>
      call(`${stack.apiUrl}/local/clock`, json("POST", { advance: duration }), z.object({ now: z.string() })),
    moveTo: (time: Date) =>
      call(
        `${stack.apiUrl}/local/clock`,
        json("POST", { set: time.toISOString() }),
        z.object({ now: z.string() }),
      ),
    now: () => call(`${stack.apiUrl}/local/clock`, {}, z.object({ now: z.string() })),
    /** Runs what is due until nothing is left. @returns how many jobs ran */
    async drain(): Promise<number> {
      let total = 0;
      for (;;) {
        const { ran, done } = await call(
          `${stack.apiUrl}/local/drain`,
          json("POST", {}),
          z.object({ ran: z.number(), done: z.boolean() }),
        );
        total += ran;
        if (done) return total;
      }
    },
  };
}
export type Controls = ReturnType<typeof controlsOf>;

function json(method: string, body: unknown, headers: Record<string, string> = {}): RequestInit {
  return { method, headers: { ...headers, "content-type": "application/json" }, body: JSON.stringify(body) };
}

async function call<T extends z.ZodType>(url: string, init: RequestInit, answer: T): Promise<z.output<T>> {
  const response = await fetch(url, { ...init, signal: AbortSignal.timeout(30_000) });
  const text = await response.text();
  const path = new URL(url).pathname;
  if (!response.ok)
    throw new DemoFailure(
      `${init.method ?? "GET"} ${path} answered ${response.status}: ${text.slice(0, 500)}`,
    );
  const parsed = answer.safeParse(JSON.parse(text));
  if (!parsed.success) {
    throw new DemoFailure(
      `${init.method ?? "GET"} ${path} answered something else: ${z.prettifyError(parsed.error)}`,
    );
  }
  return parsed.data;
}
