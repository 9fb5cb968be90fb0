import type * as z from "zod";

/** A control was called wrongly: 400 with one sentence per fault. The Graph side never throws it. */
export class SimError extends Error {
  override readonly name = "SimError";
  constructor(
    message: string,
    readonly status = 400,
  ) {
    super(message);
  }
}

/** @throws SimError naming every key that is wrong, missing or unknown */
export function parseControl<Schema extends z.ZodType>(schema: Schema, value: unknown): z.output<Schema> {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const lines = parsed.error.issues.map(
    (issue) => `${issue.path.length > 0 ? issue.path.map(String).join(".") : "body"}: ${issue.message}`,
  );
  throw new SimError(`This control does not take that: ${lines.join("; ")}`);
}
