/** What the OpenAPI document says in words: of every operation, parameter and field. */
import * as z from "zod";
import { openApiDocument } from "../../src/lib/http/openapi";
import { routes } from "../../src/routes";

const nodeSchema = z.looseObject({
  $ref: z.string().optional(),
  const: z.unknown().optional(),
  description: z.string().optional(),
  type: z.unknown().optional(),
  pattern: z.string().optional(),
  properties: z.record(z.string(), z.unknown()).default({}),
  items: z.unknown().optional(),
  additionalProperties: z.unknown().optional(),
  anyOf: z.array(z.unknown()).default([]),
  oneOf: z.array(z.unknown()).default([]),
  allOf: z.array(z.unknown()).default([]),
});
type Node = z.output<typeof nodeSchema>;

const contentSchema = z.record(z.string(), z.object({ schema: z.unknown() }));
const operationSchema = z.looseObject({
  operationId: z.string(),
  summary: z.string().min(3),
  description: z.string().min(12),
  parameters: z
    .array(z.looseObject({ name: z.string(), description: z.string().optional(), schema: z.unknown() }))
    .default([]),
  requestBody: z.looseObject({ content: contentSchema }).optional(),
  responses: z.record(z.string(), z.looseObject({ content: contentSchema.default({}) })),
});
const document = z
  .looseObject({
    paths: z.record(z.string(), z.record(z.string(), operationSchema)),
    components: z.looseObject({ schemas: z.record(z.string(), z.unknown()) }),
  })
  .parse(JSON.parse(JSON.stringify(openApiDocument(routes))));
const operations = Object.values(document.paths).flatMap((methods) => Object.values(methods));

const nodeOf = (value: unknown): Node => nodeSchema.parse(value);
const branchesOf = (node: Node): Node[] => [...node.anyOf, ...node.oneOf, ...node.allOf].map(nodeOf);

/** By itself, by what it refers to, or by the one thing that it is when it is not null. */
function isDescribed(node: Node): boolean {
  if (node.description) return true;
  if (node.$ref) return isDescribed(nodeOf(document.components.schemas[node.$ref.split("/").at(-1) ?? ""]));
  const [only, ...others] = branchesOf(node).filter(({ type }) => type !== "null");
  return only !== undefined && others.length === 0 && isDescribed(only);
}

/** Everything below a schema: first the fields, then what holds fields of its own. */
function* below(
  value: unknown,
  path: string,
): Generator<{ path: string; field: Node; of: Node } | { path: string; node: Node }> {
  if (typeof value !== "object" || value === null) return;
  const node = nodeOf(value);
  yield { path, node };
  for (const [name, field] of Object.entries(node.properties)) {
    yield { path: `${path}/${name}`, field: nodeOf(field), of: node };
    yield* below(field, `${path}/${name}`);
  }
  for (const [index, branch] of branchesOf(node).entries()) yield* below(branch, `${path}|${index}`);
  yield* below(node.items, `${path}[]`);
  yield* below(node.additionalProperties, `${path}{}`);
}

function* everything() {
  for (const [name, schema] of Object.entries(document.components.schemas)) yield* below(schema, name);
  for (const { operationId, parameters, requestBody, responses } of operations) {
    for (const { name, schema } of parameters) yield* below(schema, `${operationId}?${name}`);
    for (const { schema } of Object.values(requestBody?.content ?? {}))
      yield* below(schema, `${operationId}>`);
    for (const [status, { content }] of Object.entries(responses))
      for (const { schema } of Object.values(content)) yield* below(schema, `${operationId}<${status}`);
  }
}
const places = [...everything()];

test("every parameter has a description", () => {
  const silent = operations.flatMap(({ operationId, parameters }) =>
    parameters
      .filter(({ description, schema }) => !description && !isDescribed(nodeOf(schema)))
      .map(({ name }) => `${operationId}?${name}`),
  );
  expect(operations.length).toBe(routes.length);
  expect(silent).toEqual([]);
});

test("every field that is taken or answered has a description", () => {
  const fields = places.flatMap((place) => ("field" in place ? [place] : []));
  // A word that tells variants apart is explained by the variant that it stands in.
  const silent = fields.filter(
    ({ field, of }) => !isDescribed(field) && !(field.const !== undefined && isDescribed(of)),
  );
  expect(fields.length).toBeGreaterThan(1_000);
  expect(silent.map(({ path }) => path)).toEqual([]);
});

test("every pattern can be read by engines that know no Unicode classes, and compiles in Unicode mode", () => {
  const patterns = new Set(
    places.flatMap((place) => ("node" in place ? [place.node.pattern] : [])).filter(Boolean),
  );
  expect(patterns.size).toBeGreaterThan(20);
  for (const pattern of patterns) {
    expect(pattern).not.toMatch(/\\[pPu]\{|\(\?<[a-z]/);
    expect(() => new RegExp(pattern ?? "", "u")).not.toThrow();
  }
});
