/** Calls the API in a test as an integration would, with one tenant's or admin's key, over any mount. */
import type * as z from "zod";
import { problemSchema } from "../../src/contracts/problem.contract";
import { apiEvent } from "../../src/lib/http/api.event";
import type { Route } from "../../src/lib/http/define.route";
import { type MountPorts, mountLambda } from "../../src/lib/http/mount.lambda";

/** One request as a test writes it. `json` is sent as JSON, `bytes` as they are. */
export interface ApiCall {
  readonly method: string;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  readonly json?: unknown;
  readonly bytes?: Buffer | undefined;
}

export interface ApiAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly bytes: Buffer;
  /** The JSON body as `schema` reads it; fails the test when it does not match. */
  as<S extends z.ZodType>(schema: S): z.output<S>;
  /** The JSON body, untyped. */
  json(): unknown;
  /** The body as a problem. */
  problem(): z.infer<typeof problemSchema>;
}

/** Where calls go: a Lambda mount in this process, or an HTTP server. */
export type Transport = (call: ApiCall) => Promise<ApiAnswer>;

const deafPorts: MountPorts = { dispatch: async () => {} };

/** The Lambda mount of these routes in this process. Without ports nobody hears of events. */
export function lambdaTransport(routes: readonly Route[], ports: MountPorts = deafPorts): Transport {
  const handler = mountLambda(routes, ports);
  return async ({ method, path, headers = {}, ...content }) => {
    const { body, contentType } = bodyOf(content);
    const sent = { ...(contentType ? { "content-type": contentType } : {}), ...headers };
    const event = apiEvent({ method, target: path, rawHeaders: Object.entries(sent).flat(), body });
    const answer = await handler(event);
    const encoding = answer.isBase64Encoded ? "base64" : "utf8";
    return toAnswer(answer.statusCode, answer.headers, Buffer.from(answer.body ?? "", encoding));
  };
}

/** A server that listens at `baseUrl`. */
export function httpTransport(baseUrl: string): Transport {
  return async ({ method, path, headers = {}, ...content }) => {
    const { body, contentType } = bodyOf(content);
    const response = await fetch(baseUrl + path, {
      method,
      headers: { ...(contentType ? { "content-type": contentType } : {}), ...headers },
      ...(body ? { body: new Uint8Array(body) } : {}),
    });
    return toAnswer(
      response.status,
      Object.fromEntries(response.headers),
      Buffer.from(await response.arrayBuffer()),
    );
  };
}

/** A caller with fixed headers, e.g. those of `keysOf(tenant)`. */
export class ApiClient {
  constructor(
    private readonly transport: Transport,
    private readonly headers: Readonly<Record<string, string>> = {},
  ) {}

  send(call: ApiCall): Promise<ApiAnswer> {
    return this.transport({ ...call, headers: { ...this.headers, ...call.headers } });
  }

  get(path: string, headers?: Record<string, string>): Promise<ApiAnswer> {
    return this.send({ method: "GET", path, headers });
  }

  post(path: string, json?: unknown, headers?: Record<string, string>): Promise<ApiAnswer> {
    return this.send({ method: "POST", path, json, headers });
  }

  patch(path: string, json?: unknown, headers?: Record<string, string>): Promise<ApiAnswer> {
    return this.send({ method: "PATCH", path, json, headers });
  }

  put(path: string, content: unknown, headers?: Record<string, string>): Promise<ApiAnswer> {
    const body = Buffer.isBuffer(content) ? { bytes: content } : { json: content };
    return this.send({ method: "PUT", path, headers, ...body });
  }

  delete(path: string, headers?: Record<string, string>): Promise<ApiAnswer> {
    return this.send({ method: "DELETE", path, headers });
  }
}

/** The headers by which a tenant proves itself. */
export function keysOf(tenant: { apiKey: string; clientCode: string }): Record<string, string> {
  return { "x-api-key": tenant.apiKey, "x-client-code": tenant.clientCode };
}

function bodyOf(content: { json?: unknown; bytes?: Buffer | undefined }): {
  body?: Buffer;
  contentType?: string;
} {
  if (content.bytes) return { body: content.bytes, contentType: "application/octet-stream" };
  if (content.json === undefined) return {};
  return { body: Buffer.from(JSON.stringify(content.json)), contentType: "application/json" };
}

/** Wraps what came back. */
export function toAnswer(status: number, headers: Record<string, string>, bytes: Buffer): ApiAnswer {
  const json = (): unknown => JSON.parse(bytes.toString("utf8"));
  return {
    status,
    headers,
    bytes,
    json,
    as: (schema) => schema.parse(json()),
    problem: () => problemSchema.parse(json()),
  };
}
