/** The document that the API tells of itself says what the tables say. */
import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import * as z from "zod";
import { shownApiKeySchema } from "../../src/contracts/client.contract";
import { problemSchema } from "../../src/contracts/problem.contract";
import { shownWebhookSecretSchema } from "../../src/contracts/webhook.secret.contract";
import { processEnvironment } from "../../src/lib/env/env";
import { problemCatalog } from "../../src/lib/errors/problem.catalog";
import { openApiDocument } from "../../src/lib/http/openapi";
import { problemsOf } from "../../src/lib/http/openapi.problems";
import { isBytesInput } from "../../src/lib/http/request.body";
import { closeAllConnections } from "../../src/lib/tenant/tenant.registry";
import { routes } from "../../src/routes";
import { docsAssetNames } from "../../src/routes/docs.page";
import { lambdaTransport } from "../builders/api.client";
import { named } from "./callers";

const operationSchema = z.looseObject({
  operationId: z.string(),
  summary: z.string().min(3),
  security: z.array(z.record(z.string(), z.array(z.string()))),
  parameters: z
    .array(z.looseObject({ in: z.string(), name: z.string(), required: z.boolean().optional() }))
    .default([]),
  requestBody: z
    .looseObject({ content: z.record(z.string(), z.looseObject({ example: z.unknown().optional() })) })
    .optional(),
  responses: z.record(
    z.string(),
    z.looseObject({
      description: z.string().min(3),
      content: z
        .record(z.string(), z.looseObject({ examples: z.record(z.string(), z.unknown()).optional() }))
        .optional(),
    }),
  ),
});
const documentSchema = z.looseObject({
  openapi: z.literal("3.1.0"),
  paths: z.record(z.string(), z.record(z.string(), operationSchema)),
  components: z.looseObject({
    schemas: z.record(z.string(), z.unknown()),
    examples: z.record(z.string(), z.object({ value: problemSchema })),
  }),
});

afterAll(closeAllConnections);

const text = JSON.stringify(openApiDocument(routes));
const document = documentSchema.parse(JSON.parse(text));

test("every route is in it once, under its own name", () => {
  const found = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(
      ([method, { operationId }]) => `${operationId} ${method.toUpperCase()} ${path}`,
    ),
  );
  expect(found.sort()).toEqual(
    routes.map(({ operationId, method, path }) => `${operationId} ${method} ${path}`).sort(),
  );
});

test.each(named(routes))("%s tells its credentials, parameters, answers and problems", (_name, route) => {
  const operation = document.paths[route.path]?.[route.method.toLowerCase()];
  if (!operation) throw new Error("not in the document");
  const schemes = { tenant: [["apiKey", "clientCode"]], admin: [["adminKey"]], public: [] };
  expect(operation.security.map((scheme) => Object.keys(scheme))).toEqual(schemes[route.auth.kind]);
  const inPath = [...route.path.matchAll(/\{(\w+)\}/g)].map(([, name = ""]) => name);
  const told = operation.parameters.filter((parameter) => parameter.in === "path");
  expect(told.map(({ name }) => name).sort()).toEqual(inPath.sort());
  expect(told.every(({ required }) => required === true)).toBe(true);
  const header = operation.parameters
    .filter((parameter) => parameter.in === "header")
    .map(({ name }) => name);
  expect(header.includes("Idempotency-Key")).toBe(route.idempotent === true);
  expect(operation.responses).toHaveProperty(String(route.output.status));
  for (const code of problemsOf(route)) {
    const examples =
      operation.responses[problemCatalog[code].status]?.content?.["application/problem+json"]?.examples;
    expect(examples?.[code]).toEqual({ $ref: `#/components/examples/${code}` });
    expect(document.components.examples[code]?.value.code).toBe(code);
  }
});

test.each(named(routes))("%s says what it does beyond its name", (_name, route) => {
  expect(route.description).toMatch(/^.{12,}[.:]/s);
  expect(route.description).not.toBe(route.summary);
});

const takingJson = routes.filter(
  ({ input, auth }) => input.body !== undefined && !isBytesInput(input.body) && auth.kind !== "public",
);
test.each(named(takingJson))("%s shows a body that it accepts", (_name, route) => {
  const { body } = route.input;
  if (body === undefined || isBytesInput(body)) throw new Error("takes no JSON");
  const shown =
    document.paths[route.path]?.[route.method.toLowerCase()]?.requestBody?.content["application/json"];
  expect(shown?.example).toBeDefined();
  expect(body.safeParse(shown?.example).error).toBeUndefined();
});

test.each(docsAssetNames.map((name) => [name]))(
  "%s comes under a content type that the document names",
  async (name) => {
    const answer = await lambdaTransport(routes)({ method: "GET", path: `/api/docs/${name}` });
    const told = document.paths["/api/docs/{asset}"]?.get?.responses[answer.status]?.content;
    expect(Object.keys(told ?? {})).toContain(answer.headers["content-type"]?.split(";")[0]);
  },
);

const byRange = routes.filter(({ problems }) => problems.includes("range-not-satisfiable"));
test.each(named(byRange))("%s tells of ranges and of the part that they get", (_name, { path }) => {
  const operation = document.paths[path]?.get;
  expect(operation?.parameters.map(({ name }) => name)).toContain("Range");
  expect(Object.keys(operation?.responses ?? {})).toEqual(
    expect.arrayContaining(["200", "206", "413", "416"]),
  );
});

test("every reference leads somewhere, and shared shapes have names that say something", () => {
  const names = Object.keys(document.components.schemas);
  for (const [, name = ""] of text.matchAll(/"#\/components\/schemas\/([^"]+)"/g))
    expect(names).toContain(name);
  expect(names.filter((name) => name.startsWith("__"))).toEqual([]);
});

const showsSecret = (body: unknown): boolean =>
  body === shownApiKeySchema || body === shownWebhookSecretSchema;

test("every POST that creates or sends takes an Idempotency-Key, but what shows a secret, which must not be stored", () => {
  const creating = routes.filter(
    ({ method, auth, output }) =>
      method === "POST" && auth.kind === "tenant" && output.status === 201 && !showsSecret(output.body),
  );
  const secret = routes.filter(({ output }) => showsSecret(output.body));
  expect(secret.map(({ operationId }) => operationId)).toContain("rotateWebhookSecret");
  expect(secret.filter(({ idempotent }) => idempotent)).toEqual([]);
  expect(creating.length).toBeGreaterThan(5);
  expect(creating.filter(({ idempotent }) => !idempotent).map(({ operationId }) => operationId)).toEqual([]);
});

test("`npm run openapi` prints it without a database or any setting", async () => {
  const { stdout } = await promisify(execFile)(process.execPath, ["--import", "tsx", "src/cli/openapi.ts"], {
    cwd: join(__dirname, "../.."),
    env: { PATH: processEnvironment().PATH ?? "", HOME: "/nonexistent" },
    maxBuffer: 16 * 1024 * 1024,
  });
  expect(JSON.parse(stdout)).toEqual(JSON.parse(text));
}, 60_000);
