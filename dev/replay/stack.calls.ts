/** What the replay asks of the running stack: deliver, drain, and what became of it, over HTTP like anybody. */
import * as z from "zod";
import { pageSchema } from "../../src/contracts/common.contract";
import { quarantineViewSchema, webhookEventViewSchema } from "../../src/contracts/webhook.event.contract";
import type { Stack } from "../stack/stack.file";
import { ReplayError } from "./command.options";

const deliveredSchema = z.object({ status: z.number().nullish(), error: z.string().optional() });
const drainedSchema = z.object({ ran: z.number(), done: z.boolean() });
const jobSchema = z.object({ id: z.string(), type: z.string(), createdAt: z.string() });

export interface StackCalls {
  /** Through the fake Meta, which signs it and learns who wrote. @returns the webhook's status; 0: no answer */
  deliver(bytes: Buffer): Promise<number>;
  /** Runs what is due until nothing is left. */
  drain(): Promise<void>;
  /** A tenant's webhook items, newest first. */
  webhookEvents(clientCode: string): AsyncGenerator<z.output<typeof webhookEventViewSchema>>;
  quarantine(): AsyncGenerator<z.output<typeof quarantineViewSchema>>;
  /** Ids of dead jobs, with their types. */
  deadJobs(): Promise<Map<string, string>>;
}

export function callsTo(stack: Stack): StackCalls {
  const admin = { "x-admin-key": stack.adminKey };
  const list = <T extends z.ZodType>(path: string, item: T) =>
    everyPage(`${stack.apiUrl}/api/admin/${path}`, admin, pageSchema(item));
  return {
    async deliver(bytes) {
      const body = { bodyBase64: bytes.toString("base64") };
      const url = `${stack.graphUrl}/_sim/deliver`;
      return (await call(url, post(body), deliveredSchema)).status ?? 0;
    },
    async drain() {
      for (let done = false; !done; )
        ({ done } = await call(`${stack.apiUrl}/local/drain`, post({}), drainedSchema));
    },
    webhookEvents: (clientCode) => list(`webhook-events?clientCode=${clientCode}`, webhookEventViewSchema),
    quarantine: () => list("quarantine?", quarantineViewSchema),
    async deadJobs() {
      const dead = new Map<string, string>();
      for await (const { id, type } of list("jobs?state=dead", jobSchema)) dead.set(id, type);
      return dead;
    },
  };
}

async function* everyPage<T extends z.ZodType>(
  url: string,
  headers: Record<string, string>,
  page: ReturnType<typeof pageSchema<T>>,
): AsyncGenerator<z.output<T>> {
  for (let cursor: string | null = ""; cursor !== null; ) {
    const rest = cursor === "" ? "" : `&cursor=${encodeURIComponent(cursor)}`;
    const answer: z.output<typeof page> = await call(`${url}&limit=100${rest}`, { headers }, page);
    yield* answer.data;
    cursor = answer.nextCursor;
  }
}

const post = (body: unknown): RequestInit => ({
  method: "POST",
  headers: { "content-type": "application/json" },
  body: JSON.stringify(body),
});

async function call<T extends z.ZodType>(url: string, init: RequestInit, answer: T): Promise<z.output<T>> {
  const response = await fetch(url, { ...init, signal: AbortSignal.timeout(60_000) });
  const text = await response.text();
  const { pathname } = new URL(url);
  if (!response.ok) throw new ReplayError(`${pathname} answered ${response.status}: ${text.slice(0, 300)}`);
  return answer.parse(JSON.parse(text));
}
