/** Whether the values of a send fit the places of a template. Pure. */
import { renderPart } from "./render.template";
import type { TemplatePart, TemplateShape } from "./template.shape";
import { placeholdersOf, type TemplateSlot, type TemplateSlotType } from "./template.slot";
import { type TemplateVariables, variableOf } from "./template.variables";

export interface VariableProblem {
  readonly key: string;
  /** A predicate: "must be ...". */
  readonly detail: string;
}

/** Keys of required places without a value; Meta takes no empty one. */
export function missingVariables(shape: TemplateShape, variables: TemplateVariables): string[] {
  const required = shape.allSlots.filter((slot) => slot.required);
  return [...new Set(required.map(({ key }) => key))].filter((key) => variableOf(variables, key) === "");
}

/** Values that Meta would refuse: of the wrong form, or too long where they stand. */
export function invalidVariables(
  shape: TemplateShape,
  variables: TemplateVariables,
  now: Date,
): VariableProblem[] {
  const problems = new Map<string, string>();
  for (const slot of shape.allSlots) {
    const value = variableOf(variables, slot.key);
    const detail = value === "" ? null : problemOf(slot.type, value, now);
    if (detail !== null && !problems.has(slot.key)) problems.set(slot.key, detail);
  }
  for (const part of [shape, ...shape.cards]) {
    for (const { key, detail } of tooLong(part, variables)) {
      if (!problems.has(key)) problems.set(key, detail);
    }
  }
  return [...problems].map(([key, detail]) => ({ key, detail }));
}

/** What whoever wrote a call did not mean: Meta takes no line breaks in a value, and a placeholder is none. */
export function miswrittenVariables(variables: TemplateVariables): VariableProblem[] {
  return Object.entries(variables).flatMap(([key, value]): VariableProblem[] => {
    if (/[\r\n\t]/.test(value)) return [{ key, detail: "must be one line, without tabs" }];
    return /\{\{.*\}\}/.test(value) ? [{ key, detail: "must be a value, not a placeholder" }] : [];
  });
}

const longest = { header: 60, body: 1_024, url: 2_000 } as const;
const objectId = /^[0-9a-f]{24}$/;
const rfc3339 = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:\d{2})$/;

function problemOf(type: TemplateSlotType, value: string, now: Date): string | null {
  const length = [...value].length;
  switch (type) {
    case "text":
    case "url_suffix":
      return null;
    case "code":
      return length <= 15 ? null : "must not be longer than 15 characters";
    case "coupon_code":
      return length <= 20 ? null : "must not be longer than 20 characters";
    case "payload":
      return length <= 256 ? null : "must not be longer than 256 characters";
    case "image":
    case "video":
    case "document":
      return objectId.test(value)
        ? null
        : `must be the id of ${type === "image" ? "an" : "a"} ${type} of ours`;
    case "latitude":
      return isWithin(value, 90) ? null : "must be a number from -90 to 90";
    case "longitude":
      return isWithin(value, 180) ? null : "must be a number from -180 to 180";
    case "time":
      if (!rfc3339.test(value) || Number.isNaN(Date.parse(value))) return "must be an RFC 3339 time";
      return Date.parse(value) > now.getTime() ? null : "must be a time to come";
    case "product":
    case "catalog":
      return length <= 100 ? null : "must not be longer than 100 characters";
    case "products": {
      const { length: count } = listed(value);
      return count >= 1 && count <= 30 ? null : "must be 1 to 30 product ids with commas between them";
    }
    case "json":
      return isJsonObject(value) ? null : "must be a JSON object";
  }
}

/** The ids of a list. */
export function listed(value: string): string[] {
  return value
    .split(",")
    .map((id) => id.trim())
    .filter((id) => id !== "");
}

/** The longest value of each text that comes out too long. */
function tooLong(part: TemplatePart, variables: TemplateVariables): VariableProblem[] {
  const problems: VariableProblem[] = [];
  const { header, body } = renderPart(part, variables);
  for (const [place, text] of [
    ["header", header ?? ""],
    ["body", body],
  ] as const) {
    const over = [...text].length - longest[place];
    const slot = over > 0 ? longestOf(part.slots, place, variables) : undefined;
    if (!slot) continue;
    const detail = `must be shorter by ${over} characters: the ${place} is too long`;
    problems.push({ key: slot.key, detail });
  }
  const url = part.slots.find(({ type, key, buttonIndex }) => {
    const address = part.buttons[buttonIndex ?? -1]?.url ?? "";
    const [name = ""] = placeholdersOf(address);
    const written = address.length - `{{${name}}}`.length;
    return type === "url_suffix" && written + variableOf(variables, key).length > longest.url;
  });
  if (url) problems.push({ key: url.key, detail: "must be shorter: the address is too long" });
  return problems;
}

function longestOf(
  slots: readonly TemplateSlot[],
  place: "header" | "body",
  variables: TemplateVariables,
): TemplateSlot | undefined {
  const length = ({ key }: TemplateSlot) => variableOf(variables, key).length;
  return slots.filter((slot) => slot.place === place).sort((a, b) => length(b) - length(a))[0];
}

function isWithin(value: string, limit: number): boolean {
  return /^-?\d{1,3}(\.\d+)?$/.test(value) && Math.abs(Number(value)) <= limit;
}

function isJsonObject(value: string): boolean {
  try {
    const parsed: unknown = JSON.parse(value);
    return typeof parsed === "object" && parsed !== null && !Array.isArray(parsed);
  } catch {
    return false;
  }
}
