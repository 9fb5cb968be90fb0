/** Everything that was received, for tests to look at. Tokens and secrets never get in. */
import { type Answer, type Exchange, isRecord } from "../http/exchange";
import { sameRecipient } from "./fault.table";

export interface LoggedRequest {
  n: number;
  at: string;
  method: string;
  path: string;
  version: string | undefined;
  query: Record<string, string>;
  /** Parsed JSON, or a note on what else it was. */
  body: unknown;
  status: number | "reset";
  answer: unknown;
  /** Id of the fault that had a hand in it. */
  fault: number | undefined;
  ms: number;
}

interface RequestFilter {
  method?: string | undefined;
  path?: string | undefined;
  to?: string | undefined;
  status?: string | undefined;
  after?: number | undefined;
  limit?: number | undefined;
}

const kept = 10_000;
const secretKeys = new Set(["access_token", "client_secret", "code", "input_token", "pin", "verify_token"]);

export class RequestLog {
  private entries: LoggedRequest[] = [];
  private next = 1;

  add(
    exchange: Exchange,
    outcome: { status: number | "reset"; answer: Answer | undefined; fault: number | undefined; ms: number },
  ): LoggedRequest {
    const entry: LoggedRequest = {
      n: this.next++,
      at: new Date().toISOString(),
      method: exchange.method,
      path: exchange.path,
      version: exchange.version,
      query: Object.fromEntries(
        [...exchange.query].map(([key, value]) => [key, secretKeys.has(key) ? "***" : value]),
      ),
      body: readableBody(exchange),
      status: outcome.status,
      answer: readableAnswer(outcome.answer),
      fault: outcome.fault,
      ms: outcome.ms,
    };
    this.entries.push(entry);
    if (this.entries.length > kept) this.entries.shift();
    return entry;
  }

  /** Newest last. `path` is a part of the path; `after` is the `n` of the last one already seen. */
  find(filter: RequestFilter): LoggedRequest[] {
    const found = this.entries.filter(
      (entry) =>
        (filter.method === undefined || entry.method === filter.method.toUpperCase()) &&
        (filter.path === undefined || entry.path.includes(filter.path)) &&
        (filter.status === undefined || String(entry.status) === filter.status) &&
        (filter.after === undefined || entry.n > filter.after) &&
        (filter.to === undefined || sameRecipient(filter.to, recipientOf(entry.body))),
    );
    return found.slice(0, filter.limit ?? found.length);
  }

  clear(): void {
    this.entries = [];
  }
}

function recipientOf(body: unknown): string | undefined {
  const to = isRecord(body) ? (body.to ?? body.recipient) : undefined;
  return typeof to === "string" ? to : undefined;
}

function readableBody({ body, headers }: Exchange): unknown {
  if (body.length === 0) return undefined;
  const contentType = headers["content-type"] ?? "";
  if (!contentType.includes("json")) return { contentType: contentType.split(";")[0], bytes: body.length };
  try {
    return withoutSecrets(JSON.parse(body.toString("utf8")));
  } catch {
    return { contentType, bytes: body.length, malformed: true };
  }
}

function readableAnswer(answer: Answer | undefined): unknown {
  if (!answer) return undefined;
  return "json" in answer ? withoutSecrets(answer.json) : { bytes: answer.bytes.length };
}

function withoutSecrets(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutSecrets);
  if (!isRecord(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, member]) => [
      key,
      secretKeys.has(key) && typeof member === "string" ? "***" : withoutSecrets(member),
    ]),
  );
}
