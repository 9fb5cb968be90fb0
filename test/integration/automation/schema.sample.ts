/** Makes values that fit a JSON Schema of the catalogue, the way an editor built from it would. */
import * as z from "zod";

const schemaShape = z.looseObject({
  $ref: z.string().optional(),
  type: z.union([z.string(), z.array(z.string())]).optional(),
  const: z.unknown().optional(),
  enum: z.array(z.unknown()).optional(),
  example: z.unknown().optional(),
  default: z.unknown().optional(),
  format: z.string().optional(),
  anyOf: z.array(z.unknown()).optional(),
  oneOf: z
    .array(
      z.looseObject({
        required: z.array(z.string()).default([]),
        properties: z.record(z.string(), z.unknown()).default({}),
      }),
    )
    .optional(),
  properties: z.record(z.string(), z.unknown()).optional(),
  required: z.array(z.string()).optional(),
  items: z.unknown().optional(),
  minItems: z.number().optional(),
  minimum: z.number().optional(),
});

const ofFormat: Readonly<Record<string, string>> = {
  "date-time": "2026-12-01T09:00:00.000Z",
  date: "2026-12-01",
  duration: "P5D",
};

export type Defs = Readonly<Record<string, unknown>>;

/** A value that fits; of an object what it requires, by its first alternative. */
export function sampleOf(schema: unknown, defs: Defs): unknown {
  const told = schemaShape.parse(schema);
  if (told.const !== undefined) return told.const;
  if (told.example !== undefined) return told.example;
  if (told.enum) return told.enum[0];
  if (told.default !== undefined) return told.default;
  if (told.$ref) return sampleOf(defs[told.$ref.replace("#/$defs/", "")], defs);
  if (told.anyOf) return sampleOf(told.anyOf[0], defs);
  switch ([told.type].flat()[0]) {
    case "object":
      return alternativesOf(schema, defs, 1)[0];
    case "array":
      return Array.from({ length: Math.max(1, told.minItems ?? 0) }, () => sampleOf(told.items, defs));
    case "number":
    case "integer":
      return told.minimum ?? 1;
    case "boolean":
      return true;
    default:
      return ofFormat[told.format ?? ""] ?? ("pattern" in told ? "66f0c0ffee66f0c0ffee66f0" : "text");
  }
}

/** Objects that fit: one for each of the first alternatives. */
function alternativesOf(schema: unknown, defs: Defs, most = Infinity): Record<string, unknown>[] {
  const { properties = {}, required = [], oneOf } = schemaShape.parse(schema);
  return (oneOf ?? [{ required: [], properties: {} }])
    .slice(0, most)
    .map((own) =>
      Object.fromEntries(
        [...new Set([...required, ...own.required])].map((name) => [
          name,
          sampleOf(own.properties[name] ?? properties[name], defs),
        ]),
      ),
    );
}

/** Objects that fit: one for each alternative, and the last of them with each optional property by itself. */
export function samplesOf(schema: unknown, defs: Defs): Record<string, unknown>[] {
  const { properties = {}, required = [], oneOf = [] } = schemaShape.parse(schema);
  const alternatives = alternativesOf(schema, defs);
  const chosen = new Set([...required, ...oneOf.flatMap((each) => each.required)]);
  const more = Object.keys(properties).filter((name) => !chosen.has(name));
  return [
    ...alternatives,
    ...more.map((name) => ({ ...alternatives.at(-1), [name]: sampleOf(properties[name], defs) })),
  ];
}
