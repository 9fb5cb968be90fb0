/** Examples of bodies, put together from the examples that contracts give their fields. */
import * as z from "zod";

const nodeSchema = z.looseObject({
  type: z.string().optional(),
  example: z.unknown().optional(),
  const: z.unknown().optional(),
  default: z.unknown().optional(),
  enum: z.array(z.unknown()).optional(),
  required: z.array(z.string()).optional(),
  properties: z.record(z.string(), z.unknown()).optional(),
  items: z.unknown().optional(),
  minimum: z.number().optional(),
  anyOf: z.array(z.unknown()).optional(),
  oneOf: z.array(z.unknown()).optional(),
  allOf: z.array(z.unknown()).optional(),
  $ref: z.string().optional(),
});

/**
 * A body that `schema` accepts: its own example, else one made of its fields', the required ones only where all of
 * them do not go together.
 * @returns undefined when no such body can be made of what the contract says
 */
export function exampleOf(schema: z.ZodType): unknown {
  const root = z.toJSONSchema(schema, { io: "input", unrepresentable: "any" });
  const candidates = [true, false].map((whole) => new Builder(root, whole).build(root));
  return candidates.find((candidate) => candidate !== undefined && schema.safeParse(candidate).success);
}

/** What is nested deeper than this is left out: conditions and steps hold others of their kind. */
const deepest = 8;

class Builder {
  constructor(
    private readonly root: unknown,
    private readonly whole: boolean,
  ) {}

  build(value: unknown, depth = 0): unknown {
    if (depth > deepest) return undefined;
    const node = nodeSchema.parse(value);
    if (node.example !== undefined) return node.example;
    if (node.const !== undefined) return node.const;
    if (node.$ref !== undefined) return this.build(this.resolve(node.$ref), depth + 1);
    if (node.allOf) return Object.assign({}, ...node.allOf.map((part) => this.build(part, depth + 1)));
    if (node.anyOf ?? node.oneOf) return this.firstOf(node.anyOf ?? node.oneOf ?? [], depth);
    if (node.enum) return node.enum[0];
    if (node.type === "object") return this.object(node, depth);
    if (node.type === "array") {
      const item = this.build(node.items ?? {}, depth + 1);
      return item === undefined ? [] : [item];
    }
    if (node.type === "boolean") return true;
    if (node.type === "integer" || node.type === "number") return Math.max(node.minimum ?? 1, 1);
    return node.default;
  }

  private firstOf(branches: readonly unknown[], depth: number): unknown {
    for (const branch of branches) {
      const made = this.build(branch, depth + 1);
      if (made !== undefined) return made;
    }
    return undefined;
  }

  private object(node: z.infer<typeof nodeSchema>, depth: number): Record<string, unknown> {
    const names = this.whole ? Object.keys(node.properties ?? {}) : (node.required ?? []);
    const fields = names.map((name) => [name, this.build(node.properties?.[name] ?? {}, depth + 1)] as const);
    return Object.fromEntries(fields.filter(([, made]) => made !== undefined));
  }

  private resolve(ref: string): unknown {
    return ref
      .split("/")
      .slice(1)
      .reduce<unknown>((part, name) => z.record(z.string(), z.unknown()).parse(part)[name], this.root);
  }
}
