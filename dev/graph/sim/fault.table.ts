/** Faults on demand: which call goes wrong, how, and how often. */
import * as z from "zod";
import { GraphError } from "../errors/graph.error";
import type { Answer, Exchange } from "../http/exchange";
import { isRecord } from "../http/exchange";

export const faultSchema = z
  .strictObject({
    match: z
      .strictObject({
        method: z
          .string()
          .transform((method) => method.toUpperCase())
          .optional(),
        path: z
          .string()
          .min(1)
          .optional()
          .describe("Begins with /: start of the path without its version. Otherwise: a regular expression"),
        to: z.string().min(1).optional().describe("Recipient of a send; compared by digits"),
      })
      .default({}),
    status: z.int().min(200).max(599).optional(),
    code: z
      .int()
      .optional()
      .describe("Meta's code: answers its envelope, with its HTTP status unless `status` is given"),
    body: z.unknown().optional().describe("JSON, or a string that is sent as it is"),
    headers: z.record(z.string(), z.string()).optional(),
    delayMs: z.int().min(0).max(600_000).default(0),
    reset: z.enum(["before", "after"]).optional(),
    accept: z.boolean().default(false).describe("Do the work, then answer the fault's status and body"),
    times: z.union([z.int().min(1), z.literal("always")]).default(1),
  })
  .refine(({ match }) => !match.path || match.path.startsWith("/") || isPattern(match.path), {
    path: ["match", "path"],
    message: "is not a valid regular expression",
  });

export type Fault = z.infer<typeof faultSchema> & { id: number };

export class FaultTable {
  private faults: Fault[] = [];
  private nextId = 1;

  add(definition: z.infer<typeof faultSchema>): Fault {
    const fault = { ...definition, id: this.nextId++ };
    this.faults.push(fault);
    return fault;
  }

  list(): Fault[] {
    return this.faults;
  }

  clear(): void {
    this.faults = [];
  }

  /** The first fault that matches, counted down; undefined when all goes well. */
  take(exchange: Exchange): Fault | undefined {
    const fault = this.faults.find((candidate) => matches(candidate, exchange));
    if (!fault || fault.times === "always") return fault;
    const left = fault.times - 1;
    if (left === 0) this.faults = this.faults.filter((other) => other !== fault);
    else fault.times = left;
    return fault;
  }
}

/** What a fault answers instead of the real answer, or undefined when it only delays or cuts. */
export function faultAnswer(fault: Fault): Answer | undefined {
  const { status, code, body, headers } = fault;
  if (status === undefined && code === undefined && body === undefined) return undefined;
  if (typeof body === "string") {
    const type = { "content-type": "text/html; charset=utf-8", ...headers };
    return { status: status ?? 200, headers: type, bytes: Buffer.from(body) };
  }
  if (body !== undefined) return { status: status ?? 200, ...withHeaders(headers), json: body };
  const error = new GraphError(code ?? (status !== undefined && status >= 500 ? 2 : 1), {
    details: "This fault was asked for",
  });
  return { status: status ?? error.status, ...withHeaders(headers), json: error.envelope() };
}

function withHeaders(headers: Record<string, string> | undefined): { headers?: Record<string, string> } {
  return headers ? { headers } : {};
}

function matches({ match }: Fault, exchange: Exchange): boolean {
  if (match.method && match.method !== exchange.method) return false;
  if (match.path?.startsWith("/") && !exchange.path.startsWith(match.path)) return false;
  if (match.path && !match.path.startsWith("/") && !new RegExp(match.path).test(exchange.path)) return false;
  return match.to === undefined || sameRecipient(match.to, recipientIn(exchange.body));
}

/** The `to` or `recipient` of a JSON body; whatever else is in the body does not matter here. */
export function recipientIn(body: Buffer): string | undefined {
  try {
    const parsed: unknown = JSON.parse(body.toString("utf8"));
    const to = isRecord(parsed) ? (parsed.to ?? parsed.recipient) : undefined;
    return typeof to === "string" ? to : undefined;
  } catch {
    // Not JSON (an upload, say): it has no recipient.
    return undefined;
  }
}

export function sameRecipient(wanted: string, actual: string | undefined): boolean {
  if (actual === undefined) return false;
  const digits = (text: string) => (/^[+\d\s().-]+$/.test(text) ? text.replace(/\D/g, "") : text);
  return digits(wanted) === digits(actual);
}

function isPattern(text: string): boolean {
  try {
    new RegExp(text);
    return true;
  } catch {
    return false;
  }
}
