import { trusted } from "mongoose";
import * as z from "zod";
import type { ProblemDetail } from "../../../lib/errors/app.error";
import { invalidRequest } from "../../../lib/http/validation.problem";
import type { Change } from "../../../lib/tenant/commit.change";
import type { CustomFieldRecord } from "../../../model/saas/custom.field.schema";

const daySchema = z.iso.date();

/**
 * Checks values for the tenant's own fields against what the fields hold. Null removes and fits every field; keys
 * for which the tenant made no field are free.
 * @throws AppError validation-failed with a pointer per wrong value.
 */
export async function requireCustomValues(
  change: Change,
  values: Readonly<Record<string, unknown>> | undefined,
): Promise<void> {
  const given = Object.entries(values ?? {}).filter(([, value]) => value !== null);
  if (given.length === 0) return;
  const fields = await change.models.CustomField.find({ key: trusted({ $in: given.map(([key]) => key) }) })
    .session(change.session)
    .lean();
  const errors = customValueErrors(new Map(fields.map((field) => [field.key, field])), values);
  if (errors.length > 0) throw invalidRequest(errors);
}

/** What is wrong with values for the tenant's own fields, which are handed in by key. Pure. */
export function customValueErrors(
  byKey: ReadonlyMap<string, CustomFieldRecord>,
  values: Readonly<Record<string, unknown>> | undefined,
): ProblemDetail[] {
  return Object.entries(values ?? {}).flatMap(([key, value]): ProblemDetail[] => {
    const field = value === null ? undefined : byKey.get(key);
    const detail = field && complaint(field, value);
    return detail ? [{ pointer: `/custom/${key}`, code: "invalid-value", detail }] : [];
  });
}

function complaint({ type, options }: CustomFieldRecord, value: unknown): string | null {
  const chosen = (each: unknown) => options?.some((option) => option === each) ?? false;
  switch (type) {
    case "text":
      return typeof value === "string" ? null : "Must be a text.";
    case "number":
      return typeof value === "number" ? null : "Must be a number.";
    case "boolean":
      return typeof value === "boolean" ? null : "Must be true or false.";
    case "date":
      return daySchema.safeParse(value).success ? null : "Must be a day such as 2026-12-01.";
    case "select":
      return chosen(value) ? null : "Must be one of the field's options.";
    case "multi_select":
      return Array.isArray(value) && value.every(chosen) ? null : "Must be a list of the field's options.";
  }
}
