import type { MiddlewareObj } from "@middy/core";
import * as z from "zod";
import type { Route } from "../define.route";
import type { EdgeRequest, EdgeResponse } from "../edge.request";
import { bodyBytes, defaultMaxBodyBytes, isBytesInput, jsonBody, requireBytesType } from "../request.body";
import { parameterNames } from "../route.table";
import { validationProblem } from "../validation.problem";

interface InputSchemas {
  readonly params: z.ZodType;
  readonly query: z.ZodType;
  readonly body: z.ZodType;
}

/** What a route without a declared body takes: nothing, or the `{}` that some clients send along. */
const emptyBody = z.strictObject({}).optional();
const schemasByRoute = new WeakMap<Route, InputSchemas>();

/** Parses path, query and body by the route's schemas; unknown fields and parameters are refused. */
export function parseInput(): MiddlewareObj<EdgeRequest, EdgeResponse> {
  return {
    before({ event: edge }) {
      const { route, params } = edge.matched;
      const schemas = schemasOf(route);
      const parsedParams = parsed(schemas.params, params, "/path");
      const query = parsed(schemas.query, queryOf(edge), "/query");
      const declared = route.input.body;
      if (isBytesInput(declared)) {
        const body = bodyBytes(edge, declared.maxBytes);
        requireBytesType(edge, declared.contentType);
        edge.input = { params: parsedParams, query, body, json: undefined };
        return;
      }
      const takesBody = declared !== undefined || route.method !== "GET";
      const json = takesBody ? jsonBody(edge, route.maxBodyBytes ?? defaultMaxBodyBytes) : undefined;
      edge.input = { params: parsedParams, query, body: parsed(schemas.body, json, ""), json };
    },
  };
}

function schemasOf(route: Route): InputSchemas {
  const known = schemasByRoute.get(route);
  if (known) return known;
  const { params, query, body } = route.input;
  const schemas = {
    params: params ?? z.object(Object.fromEntries(parameterNames(route.path).map((n) => [n, z.string()]))),
    query: (query ?? z.object({})).strict(),
    body: body === undefined || isBytesInput(body) ? emptyBody : body,
  };
  schemasByRoute.set(route, schemas);
  return schemas;
}

/** Query parameters by name; a repeated one becomes a list, which only a schema that expects lists accepts. */
function queryOf(edge: EdgeRequest): Record<string, string | string[]> {
  const raw = edge.event.rawQueryString;
  if (!raw) return {};
  const found = new Map<string, string[]>();
  for (const [name, value] of new URLSearchParams(raw)) found.set(name, [...(found.get(name) ?? []), value]);
  return Object.fromEntries([...found].map(([name, all]) => [name, all.length > 1 ? all : (all[0] ?? "")]));
}

function parsed(schema: z.ZodType, value: unknown, prefix: string): unknown {
  const result = schema.safeParse(value);
  if (!result.success) throw validationProblem(result.error, prefix);
  return result.data;
}
