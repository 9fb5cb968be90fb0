import { randomUUID } from "node:crypto";
import type { APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2 } from "aws-lambda";
import type { Types } from "mongoose";
import type { TenantContext } from "../context/tenant.context";
import type { RouteReply, Scope } from "./define.route";
import type { RouteMatch } from "./route.table";

/** The tenant key that a request proved to hold. */
export interface VerifiedTenant {
  readonly clientCode: TenantContext["clientCode"];
  readonly keyId: string;
  readonly keyName: string;
  readonly scopes: readonly Scope[];
}

/** Everything of the request that a schema has accepted. */
export interface ParsedInput {
  readonly params: unknown;
  readonly query: unknown;
  readonly body: unknown;
  /** The JSON before the schema changed it: what an idempotency key is bound to. */
  readonly json: unknown;
}

/** A complete HTTP answer. */
export type EdgeResponse = APIGatewayProxyStructuredResultV2 & {
  statusCode: number;
  headers: Record<string, string>;
};

/** The mark that this request, and no other with its idempotency key, is making the answer. */
export interface IdempotencyLease {
  readonly id: Types.ObjectId;
  readonly token: string;
  readonly effectId: Types.ObjectId;
}

/**
 * One HTTP request on its way through the middlewares. Each of them adds what it found out; whoever comes later may
 * rely on it.
 */
export class EdgeRequest {
  readonly requestId: string;
  readonly startedAt = performance.now();
  match: RouteMatch | undefined;
  tenant: VerifiedTenant | undefined;
  /** Name of the admin key. */
  admin: string | undefined;
  input: ParsedInput | undefined;
  ifMatch: number | undefined;
  /** What the caller is told of its rate limit. */
  rateHeaders: Readonly<Record<string, string>> | undefined;
  lease: IdempotencyLease | undefined;
  /** A stored answer that is given again instead of running the route. */
  replay: EdgeResponse | undefined;
  reply: RouteReply<unknown> | undefined;

  constructor(readonly event: APIGatewayProxyEventV2) {
    const given = this.header("x-request-id");
    this.requestId = given !== undefined && requestIdPattern.test(given) ? given : randomUUID();
  }

  /** A header by its lower-case name. Doubled headers arrive as one value joined by commas. */
  header(name: string): string | undefined {
    return this.event.headers[name];
  }

  /** The route and its path parameters. @throws Error before the request context found them. */
  get matched(): RouteMatch {
    if (!this.match) throw new Error("The request was not matched to a route yet.");
    return this.match;
  }

  elapsedMs(): number {
    return performance.now() - this.startedAt;
  }
}

/** Request ids that callers may choose: long enough to be of use, and harmless in logs and headers. */
const requestIdPattern = /^[A-Za-z0-9][A-Za-z0-9._-]{7,63}$/;
