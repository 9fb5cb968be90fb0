/**
 * The one condition grammar: rules, searches and dry runs share it. A leaf names a field, an operator and a value;
 * `all`, `any` and `not` combine. An empty `all` is true, an empty `any` is false. Which fields there are and what
 * fits them is for `lib/condition` to say.
 */
import * as z from "zod";
import { offsetSchema } from "./common.contract";
import { nearestWord } from "./suggestion";

/** What each operator takes as its value. ADD AN OPERATOR HERE, and in lib/condition/operators.ts. */
export const operatorValues = {
  equals: "one",
  not_equals: "one",
  in: "list",
  not_in: "list",
  contains: "one",
  not_contains: "one",
  starts_with: "one",
  ends_with: "one",
  gt: "one",
  gte: "one",
  lt: "one",
  lte: "one",
  between: "range",
  before: "one",
  after: "one",
  on_or_before: "one",
  on_or_after: "one",
  within_last: "duration",
  older_than: "duration",
  within_next: "duration",
  exists: "none",
  not_exists: "none",
  is_empty: "none",
  is_not_empty: "none",
  any_of: "list",
  all_of: "list",
  none_of: "list",
  changed: "change",
  increased: "none",
  decreased: "none",
} as const;
export type Operator = keyof typeof operatorValues;

const isOperator = (name: string): name is Operator => Object.hasOwn(operatorValues, name);
export const operators: readonly Operator[] = Object.keys(operatorValues).filter(isOperator);

export const operatorSchema = z.enum(Object.keys(operatorValues).filter(isOperator), {
  error: ({ input }) => {
    const meant = typeof input === "string" ? nearestWord(input, operators) : undefined;
    return meant ? `is no operator; did you mean ${meant}?` : `must be one of ${operators.join(", ")}`;
  },
});

const scalar = z.union([z.string().max(1024), z.number(), z.boolean(), z.null()]);
const changeSchema = z
  .strictObject({
    from: scalar.optional().meta({ description: "Only when it was this before.", example: "new" }),
    to: scalar.optional().meta({ description: "Only when it is this now.", example: "proposal" }),
  })
  .meta({ description: "For `changed`: only from or to this value." });

/** What is wrong with an operator's value; undefined when nothing is. */
function valueProblem(op: Operator, value: unknown): string | undefined {
  const kind = operatorValues[op];
  const isObject = typeof value === "object" && value !== null && !Array.isArray(value);
  if (kind === "change")
    return value === undefined || isObject ? undefined : `${op} takes {from, to} or nothing`;
  if (kind === "none") return value === undefined ? undefined : `${op} takes no value`;
  if (value === undefined) return `${op} needs a value`;
  if (isObject) return `${op} takes no object`;
  if (kind === "list") return Array.isArray(value) ? undefined : `${op} needs a list`;
  if (kind === "range")
    return Array.isArray(value) && value.length === 2 ? undefined : `${op} needs two values`;
  if (kind === "duration")
    return offsetSchema.safeParse(value).success ? undefined : `${op} needs an ISO 8601 duration such as P5D`;
  return Array.isArray(value) ? `${op} takes one value, not a list` : undefined;
}

const roots = ["lead", "conversation", "message", "event", "changes", "steps", "vars", "tenant"] as const;

/** A leaf, or one of `all`, `any` and `not`: exactly one of the four. */
export interface Condition {
  field?: string | undefined;
  op?: Operator | undefined;
  value?: unknown;
  caseSensitive?: boolean | undefined;
  all?: Condition[] | undefined;
  any?: Condition[] | undefined;
  not?: Condition | undefined;
}

const nodeSchema: z.ZodType<Condition, Condition> = z
  .lazy(() =>
    z
      .strictObject({
        field: z
          .string()
          .max(200)
          .regex(
            new RegExp(`^(${roots.join("|")})(\\.[A-Za-z0-9_]{1,64}){1,6}$`),
            "must be a path such as lead.tags, lead.custom.plan or event.data.appointmentId",
          )
          .optional()
          .meta({ description: "Path of the value.", example: "lead.source" }),
        op: operatorSchema.optional().meta({ description: "Operator.", example: "in" }),
        value: z
          .union([scalar, z.array(scalar).max(200), changeSchema])
          .optional()
          .meta({ description: "What to compare with; how many values is the operator's." }),
        caseSensitive: z
          .boolean()
          .optional()
          .meta({ description: "Texts are compared without case unless true." }),
        all: z.array(nodeSchema).max(50).optional().meta({ description: "Every one must hold." }),
        any: z.array(nodeSchema).max(50).optional().meta({ description: "One must hold." }),
        not: nodeSchema.optional().meta({ description: "It must not hold." }),
      })
      .superRefine((node, issues) => {
        const kinds = (["field", "all", "any", "not"] as const).filter((name) => node[name] !== undefined);
        if (kinds.length !== 1) {
          const message = "give exactly one of field, all, any and not";
          issues.addIssue({ code: "custom", path: [], message });
          return;
        }
        if (node.field === undefined) {
          for (const name of ["op", "value", "caseSensitive"] as const)
            if (node[name] !== undefined)
              issues.addIssue({
                code: "custom",
                path: [name],
                message: `goes with field, not with ${kinds[0]}`,
              });
          return;
        }
        if (node.op === undefined) {
          issues.addIssue({ code: "custom", path: ["op"], message: "is required" });
          return;
        }
        const problem = valueProblem(node.op, node.value);
        if (problem) issues.addIssue({ code: "custom", path: ["value"], message: problem });
      }),
  )
  .meta({ id: "Condition", description: "A test of one field, or several tests combined." });

/** How deep conditions nest, and how many nodes they have, at most. */
export const maxConditionDepth = 10;
export const maxConditionNodes = 200;

/** Looks at the raw input without recursion, so that a hostile one is refused before anything walks it. */
function sizeProblem(input: unknown): string | undefined {
  let level: unknown[] = [input];
  let nodes = 0;
  for (let depth = 0; level.length > 0; depth += 1) {
    nodes += level.length;
    if (depth >= maxConditionDepth) return `must not nest more than ${maxConditionDepth} deep`;
    if (nodes > maxConditionNodes) return `must not hold more than ${maxConditionNodes} parts`;
    level = level.flatMap(childrenOf);
  }
  return undefined;
}

function childrenOf(node: unknown): unknown[] {
  if (typeof node !== "object" || node === null) return [];
  const { all, any, not }: { all?: unknown; any?: unknown; not?: unknown } = node;
  return [all, any].flatMap((list): unknown[] => (Array.isArray(list) ? list : [])).concat(not ?? []);
}

export const conditionSchema = z.preprocess((input, context) => {
  const problem = sizeProblem(input);
  if (problem === undefined) return input;
  context.issues.push({ code: "custom", input: null, message: problem });
  return z.NEVER;
}, nodeSchema);
