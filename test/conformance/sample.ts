import * as z from "zod";
import type { Route } from "../../src/lib/http/define.route";
import { isBytesInput } from "../../src/lib/http/request.body";

const nodeSchema = z.looseObject({
  type: z.string().optional(),
  example: z.unknown().optional(),
  const: z.unknown().optional(),
  enum: z.array(z.unknown()).optional(),
  required: z.array(z.string()).optional(),
  properties: z.record(z.string(), z.unknown()).optional(),
  items: z.unknown().optional(),
  minItems: z.number().optional(),
  minimum: z.number().optional(),
  format: z.string().optional(),
  anyOf: z.array(z.unknown()).optional(),
  oneOf: z.array(z.unknown()).optional(),
  allOf: z.array(z.unknown()).optional(),
  $ref: z.string().optional(),
});

/** Where the contract's own examples do not make a valid whole. ADD A SAMPLE HERE. */
const chosen: Record<string, unknown> = {
  createLead: { firstName: "Ana" },
  createCustomField: { key: "plan", name: "Plan", type: "text" },
  createImport: { text: "phone\n+5511987654321\n" },
  createExport: {},
  createAutomation: {
    name: "WhatsApp welcome",
    definition: {
      trigger: { event: "lead_created" },
      steps: [{ id: "s1", type: "delay", duration: "PT5M" }],
    },
  },
  importAutomation: {
    name: "Welcome from a file",
    definition: {
      trigger: { event: "lead_created" },
      steps: [{ id: "s1", type: "delay", duration: "PT5M" }],
    },
  },
  receiveEvent: {
    id: "cal-evt-1842",
    type: "appointment_confirmed",
    subject: { externalId: { system: "calendar", id: "nobody" } },
  },
};

/**
 * A body that the route accepts: the required fields only, with the examples of its contract.
 * @throws Error when it accepts no such body; give the field an example, or the route a sample above
 */
export function sampleBody(route: Route): unknown {
  const { body } = route.input;
  if (body === undefined) return undefined;
  if (isBytesInput(body)) return Buffer.from("bytes");
  const root = z.toJSONSchema(body, { io: "input", unrepresentable: "any" });
  const value = chosen[route.operationId] ?? sampleOf(root, root);
  const parsed = body.safeParse(value);
  if (!parsed.success)
    throw new Error(
      `${route.operationId} refuses its own sample ${JSON.stringify(value)}: ${parsed.error.message}`,
    );
  return value;
}

function sampleOf(value: unknown, root: unknown): unknown {
  const node = nodeSchema.parse(value);
  if (node.example !== undefined) return node.example;
  if (node.const !== undefined) return node.const;
  if (node.enum) return node.enum[0];
  if (node.$ref !== undefined) return sampleOf(resolve(node.$ref, root), root);
  const branches = node.anyOf ?? node.oneOf;
  if (branches) return sampleOf(branches[0], root);
  if (node.allOf) return Object.assign({}, ...node.allOf.map((part) => sampleOf(part, root)));
  if (node.type === "object") return objectSample(node, root);
  if (node.type === "array")
    return Array.from({ length: node.minItems ?? 0 }, () => sampleOf(node.items, root));
  if (node.type === "string") return node.format === "date-time" ? "2026-12-01T09:00:00.000Z" : "sample";
  if (node.type === "boolean") return true;
  return node.type === "null" ? null : (node.minimum ?? 1);
}

function objectSample(node: z.infer<typeof nodeSchema>, root: unknown): unknown {
  const fields = (node.required ?? []).map(
    (name) => [name, sampleOf(node.properties?.[name] ?? {}, root)] as const,
  );
  return Object.fromEntries(fields);
}

function resolve(ref: string, root: unknown): unknown {
  return ref
    .split("/")
    .slice(1)
    .reduce<unknown>((part, name) => z.record(z.string(), z.unknown()).parse(part)[name], root);
}
