import type * as z from "zod";
import type { PlatformContext, TenantContext } from "../context/tenant.context";
import type { ProblemCode } from "../errors/problem.catalog";

export type HttpMethod = "GET" | "POST" | "PUT" | "PATCH" | "DELETE";

/** What a tenant's key may do. ADD A SCOPE HERE. */
export const scopes = [
  "leads:read",
  "leads:write",
  "conversations:read",
  "conversations:write",
  "templates:read",
  "templates:write",
  "automations:read",
  "automations:write",
  "events:write",
  "media:read",
  "media:write",
  "settings:read",
  "settings:write",
  "changes:read",
  "tasks:read",
  "tasks:write",
  "notifications:read",
  "notifications:write",
  "keys:manage",
  "audit:read",
  "privacy:read",
  "privacy:write",
] as const;
export type Scope = (typeof scopes)[number];

export function isScope(text: string): text is Scope {
  return scopes.some((scope) => scope === text);
}

/** `tenant`: x-api-key + x-client-code with this scope, and with `also` where data of another kind is asked for. `admin`: x-admin-key. `public`: no key. */
export type RouteAuth =
  | { kind: "tenant"; scope: Scope; also?: Scope }
  | { kind: "admin" }
  | { kind: "public" };

export type ContextOf<A extends RouteAuth> = A extends { kind: "tenant" } ? TenantContext : PlatformContext;

/** A body taken as bytes, for uploads and signed webhooks. */
export interface BytesInput {
  readonly bytes: true;
  readonly contentType: string;
  readonly maxBytes: number;
}

export interface RouteInput {
  /** Path parameters, by the names in `{}`. */
  readonly params?: z.ZodObject;
  /** Query parameters as strings; coerce in the schema. Unknown ones are refused. */
  readonly query?: z.ZodObject;
  readonly body?: z.ZodType | BytesInput;
}

type Parsed<S> = S extends BytesInput ? Buffer : S extends z.ZodType ? z.output<S> : undefined;

/** What `run` gets: everything parsed, nothing raw but the headers it asks for by name. */
export interface RouteRequest<I extends RouteInput, A extends RouteAuth> {
  readonly ctx: ContextOf<A>;
  readonly params: Parsed<I["params"]>;
  readonly query: Parsed<I["query"]>;
  readonly body: Parsed<I["body"]>;
  /** Version from `If-Match`, when the caller sent one. */
  readonly ifMatch: number | undefined;
  /**
   * Names what this request brings about, when it has an `Idempotency-Key`: a repetition after a crash has the same
   * name for 24 hours, so that what was stored already is found and not made again.
   */
  readonly effectKey: string | undefined;
  readonly header: (name: string) => string | undefined;
}

export interface RouteReply<B> {
  /** One of the route's success statuses; the first when absent. */
  readonly status?: number;
  /** A value of the output schema, or bytes where the route declares none. */
  readonly body: B;
  /** Sent as ETag `"<version>"`. */
  readonly version?: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** The person this answer speaks of, so that a stored idempotent answer is found by erasure. */
  readonly leadId?: string;
}

export interface RouteOutput {
  readonly status: number;
  readonly description: string;
  /** Other statuses of success with the same body, and when they are answered. */
  readonly also?: Readonly<Record<number, string>>;
  /** zod schema of the JSON body; absent for an empty or binary answer. */
  readonly body?: z.ZodType;
  /** Content type of a binary or text answer; of several, or with `*`, the reply names its own. */
  readonly contentType?: string | readonly string[];
}

type ReplyBody<O extends RouteOutput> = O["body"] extends z.ZodType
  ? z.input<O["body"]>
  : Buffer | string | undefined;

/** One endpoint as data: what both mounts serve, what OpenAPI says and what the conformance tests try. */
export interface RouteDefinition<
  I extends RouteInput = RouteInput,
  A extends RouteAuth = RouteAuth,
  O extends RouteOutput = RouteOutput,
> {
  readonly operationId: string;
  readonly method: HttpMethod;
  /** e.g. `/api/crm/leads/{id}`. */
  readonly path: string;
  readonly tag: string;
  readonly summary: string;
  readonly description?: string;
  readonly auth: A;
  readonly input: I;
  readonly output: O;
  /** Problems beside those every route can answer (validation, credentials, scope, suspension, 5xx). */
  readonly problems: readonly ProblemCode[];
  /** POSTs that create or send: honours `Idempotency-Key`. */
  readonly idempotent?: boolean;
  /** Largest JSON body in bytes; 1 MiB when absent. */
  readonly maxBodyBytes?: number;
  run(request: RouteRequest<I, A>): Promise<RouteReply<ReplyBody<O>>>;
}

/** What any route's `run` gets, its own types left out. */
export type AnyRouteRequest = Omit<RouteRequest<RouteInput, RouteAuth>, "params" | "query" | "body"> & {
  readonly params: unknown;
  readonly query: unknown;
  readonly body: unknown;
};

/**
 * A route with its types hidden: what tables hold. `run` is a method on purpose: TypeScript lets a method take a
 * narrower request, and the mounts call it only with what they have parsed by this route's own schemas.
 */
export type Route = Omit<RouteDefinition, "run"> & {
  run(request: AnyRouteRequest): Promise<RouteReply<unknown>>;
};

/**
 * Declares an endpoint. The types of `run`'s request and reply follow from the schemas; the mounts parse the request
 * before `run` and check the reply against the output schema after it.
 */
export function defineRoute<
  const I extends RouteInput,
  const A extends RouteAuth,
  const O extends RouteOutput,
>(definition: RouteDefinition<I, A, O>): Route {
  return definition;
}
