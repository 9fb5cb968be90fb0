import type * as z from "zod";
import {
  createDocument,
  type ZodOpenApiOperationObject,
  type ZodOpenApiPathsObject,
  type ZodOpenApiResponseObject,
} from "zod-openapi";
import type { Route } from "./define.route";
import { exampleOf } from "./openapi.example";
import { openApiHeaders } from "./openapi.headers";
import { openApiInfo, openApiTags } from "./openapi.info";
import { problemExamples, problemResponses, statusKey } from "./openapi.problems";
import { isBytesInput } from "./request.body";

export type OpenApiDocument = ReturnType<typeof createDocument>;

const securityByAuth = {
  tenant: [{ apiKey: [], clientCode: [] }],
  admin: [{ adminKey: [] }],
  public: [],
};

/**
 * The OpenAPI 3.1 document of these routes: what they take and answer, and every problem each of them can have.
 * @throws Error when a schema cannot be told as JSON Schema
 */
export function openApiDocument(routes: readonly Route[]): OpenApiDocument {
  const paths: ZodOpenApiPathsObject = {};
  for (const route of routes)
    paths[route.path] = { ...paths[route.path], [route.method.toLowerCase()]: operationOf(route) };
  return createDocument({
    openapi: "3.1.0",
    info: openApiInfo,
    servers: [{ url: "/", description: "Where this document is served." }],
    tags: openApiTags(routes),
    paths,
    components: {
      examples: problemExamples(routes),
      headers: {
        RequestId: { description: "Id of this request, yours if you sent one.", schema: { type: "string" } },
      },
      securitySchemes: {
        apiKey: { type: "apiKey", in: "header", name: "x-api-key", description: "Key of a tenant." },
        clientCode: {
          type: "apiKey",
          in: "header",
          name: "x-client-code",
          description: "The same tenant's code.",
        },
        adminKey: {
          type: "apiKey",
          in: "header",
          name: "x-admin-key",
          description: "Key of the platform team.",
        },
      },
    },
  });
}

function operationOf(route: Route): ZodOpenApiOperationObject {
  const body = requestBodyOf(route);
  return {
    operationId: route.operationId,
    tags: [route.tag],
    summary: route.summary,
    description: [route.description, scopeLine(route)].filter(Boolean).join("\n\n"),
    security: securityByAuth[route.auth.kind],
    requestParams: {
      ...(route.input.params ? { path: route.input.params } : {}),
      ...(route.input.query ? { query: route.input.query } : {}),
      header: openApiHeaders(route),
    },
    ...(body ? { requestBody: body } : {}),
    responses: { ...successesOf(route), ...problemResponses(route) },
  };
}

function scopeLine(route: Route): string {
  if (route.auth.kind !== "tenant") return "";
  const { scope, also } = route.auth;
  return also
    ? `Needs a key with the scopes \`${scope}\` and \`${also}\`.`
    : `Needs a key with the scope \`${scope}\`.`;
}

function requestBodyOf(route: Route): ZodOpenApiOperationObject["requestBody"] {
  const { body } = route.input;
  if (body === undefined) return undefined;
  if (isBytesInput(body))
    return {
      required: true,
      content: { [body.contentType]: { schema: { type: "string", format: "binary" } } },
    };
  const example = exampleOf(body);
  return {
    required: !accepts(body, undefined),
    content: { "application/json": { schema: body, ...(example === undefined ? {} : { example }) } },
  };
}

function accepts(schema: z.ZodType, value: unknown): boolean {
  return schema.safeParse(value).success;
}

function successesOf({ output }: Route): ZodOpenApiOperationObject["responses"] {
  const all = [[output.status, output.description] as const, ...Object.entries(output.also ?? {})];
  return Object.fromEntries(
    all.map(([status, description]) => [statusKey(Number(status)), successOf({ ...output, description })]),
  );
}

function successOf({ description, body, contentType }: Route["output"]): ZodOpenApiResponseObject {
  const headers = { "x-request-id": { $ref: "#/components/headers/RequestId" } };
  if (body) return { description, headers, content: { "application/json": { schema: body } } };
  if (contentType === undefined) return { description, headers };
  const bytes = { schema: { type: "string" } } as const;
  return {
    description,
    headers,
    content: Object.fromEntries([contentType].flat().map((type) => [type, bytes])),
  };
}
