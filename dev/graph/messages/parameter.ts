/** Reads the parameters of a message with zod, and turns what zod finds into Meta's codes. */
import * as z from "zod";
import { GraphError } from "../errors/graph.error";
import { isRecord } from "../http/exchange";

/** Text of at most `max` characters, counted as people count them (code points, not UTF-16 units). */
export function limitedText(max: number, min = 1): z.ZodType<string> {
  return z.string().superRefine((text, issues) => {
    const length = [...text].length;
    if (length > max) issues.addIssue({ code: "custom", message: `must be at most ${max} characters long` });
    if (length < min) issues.addIssue({ code: "custom", message: `must be at least ${min} characters long` });
  });
}

/**
 * Parses `value`, the parameter called `name`.
 * @throws GraphError 131008 for something missing, 100 for something unexpected, and for a bad value 131009
 *   in interactive messages and 100 elsewhere, as Meta answers them.
 */
export function parseParameter<Schema extends z.ZodType>(
  schema: Schema,
  value: unknown,
  name: string,
): z.output<Schema> {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  if (!issue) throw new GraphError(131009, { details: `${name} is not valid` });
  throw parameterError(issue, value, name);
}

function parameterError(issue: z.core.$ZodIssue, value: unknown, name: string): GraphError {
  const where = pathName(name, issue.path);
  if (issue.code === "unrecognized_keys") {
    const details = `Unexpected key "${issue.keys.join('", "')}" on param "${where}"`;
    return new GraphError(100, { message: `(#100) ${details}`, details });
  }
  if (valueAt(value, issue.path) === undefined) {
    return new GraphError(131008, { details: `Parameter '${where}' is missing.` });
  }
  const details = `Param ${where} ${issue.message}`;
  return name === "interactive"
    ? new GraphError(131009, { details })
    : new GraphError(100, { message: `(#100) ${details}`, details });
}

function pathName(name: string, path: readonly PropertyKey[]): string {
  return path.reduce<string>((text, key) => `${text}['${String(key)}']`, name);
}

function valueAt(value: unknown, path: readonly PropertyKey[]): unknown {
  let current = value;
  for (const key of path) {
    if (Array.isArray(current) && typeof key === "number") current = current[key];
    else if (isRecord(current)) current = current[String(key)];
    else return undefined;
  }
  return current;
}
