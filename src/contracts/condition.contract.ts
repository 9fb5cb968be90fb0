/**
 * The one condition grammar: rules, lead search and dry runs share it. A leaf names a field, an operator and a value;
 * `all`, `any` and `not` combine. An empty `all` is true, an empty `any` is false.
 */
import * as z from "zod";
import { durationSchema } from "./common.contract";

export const operators = [
  "equals",
  "not_equals",
  "in",
  "not_in",
  "contains",
  "not_contains",
  "starts_with",
  "ends_with",
  "gt",
  "gte",
  "lt",
  "lte",
  "between",
  "before",
  "after",
  "within_last",
  "older_than",
  "within_next",
  "exists",
  "not_exists",
  "is_empty",
  "is_not_empty",
  "any_of",
  "all_of",
  "none_of",
] as const;
export const operatorSchema = z.enum(operators);
export type Operator = z.infer<typeof operatorSchema>;

const scalar = z.union([z.string().max(1024), z.number(), z.boolean(), z.null()]);

const withoutValue: ReadonlySet<Operator> = new Set(["exists", "not_exists", "is_empty", "is_not_empty"]);
const withList: ReadonlySet<Operator> = new Set(["in", "not_in", "any_of", "all_of", "none_of"]);
const withDuration: ReadonlySet<Operator> = new Set(["within_last", "older_than", "within_next"]);

/** What is wrong with an operator's value; undefined when nothing is. */
function valueProblem(op: Operator, value: unknown): string | undefined {
  if (withoutValue.has(op)) return value === undefined ? undefined : `${op} takes no value`;
  if (value === undefined) return `${op} needs a value`;
  if (withList.has(op)) return Array.isArray(value) ? undefined : `${op} needs a list`;
  if (op === "between")
    return Array.isArray(value) && value.length === 2 ? undefined : "between needs two values";
  if (withDuration.has(op))
    return durationSchema.safeParse(value).success
      ? undefined
      : `${op} needs an ISO 8601 duration such as P5D`;
  return Array.isArray(value) ? `${op} takes one value, not a list` : undefined;
}

const leafShape = z.strictObject({
  field: z
    .string()
    .max(200)
    .regex(
      /^(lead|conversation|message|event\.data|changes|steps|vars|tenant)(\.[A-Za-z0-9_]{1,64}){1,6}$/,
      "must be a path such as lead.tags, lead.custom.plan or event.data.appointmentId",
    )
    .meta({ description: "Path of the value.", example: "lead.source" }),
  op: operatorSchema.meta({ description: "Operator.", example: "in" }),
  value: z
    .union([scalar, z.array(scalar).max(200)])
    .optional()
    .meta({ description: "What to compare with; none for exists, not_exists, is_empty, is_not_empty." }),
  caseSensitive: z.boolean().optional().meta({ description: "Texts are compared without case unless true." }),
});

export const leafSchema = leafShape.superRefine((leaf, issues) => {
  const problem = valueProblem(leaf.op, leaf.value);
  if (problem) issues.addIssue({ code: "custom", path: ["value"], message: problem });
});
export type Leaf = z.infer<typeof leafSchema>;

export type Condition = Leaf | { all: Condition[] } | { any: Condition[] } | { not: Condition };

export const conditionSchema: z.ZodType<Condition> = z
  .lazy(() =>
    z.union([
      leafSchema,
      z.strictObject({ all: z.array(conditionSchema).max(50) }),
      z.strictObject({ any: z.array(conditionSchema).max(50) }),
      z.strictObject({ not: conditionSchema }),
    ]),
  )
  .meta({ id: "Condition", description: "A test of one field, or several tests combined." });
