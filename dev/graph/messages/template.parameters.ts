/** Text parameters of templates: how many, how named, what they may contain. */
import * as z from "zod";
import { GraphError } from "../errors/graph.error";
import { renderText, variablesOf } from "../templates/template.text";

export type ParameterFormat = "POSITIONAL" | "NAMED";

const mediaReference = z.looseObject({ id: z.string().optional(), link: z.string().optional() }).optional();

export const sentParameterSchema = z.looseObject({
  type: z.string(),
  parameter_name: z.string().optional(),
  text: z.string().optional(),
  payload: z.string().optional(),
  coupon_code: z.string().optional(),
  currency: z
    .looseObject({ fallback_value: z.string(), code: z.string(), amount_1000: z.number() })
    .optional(),
  date_time: z.looseObject({ fallback_value: z.string() }).optional(),
  image: mediaReference,
  video: mediaReference,
  document: mediaReference,
  location: z.unknown().optional(),
  limited_time_offer: z.looseObject({ expiration_time_ms: z.number() }).optional(),
});
export type SentParameter = z.infer<typeof sentParameterSchema>;

/** Longest rendered text per place. */
const renderedLimits = { header: 60, body: 1024 } as const;

/**
 * @throws GraphError 132000 wrong number, 132012 wrong names or type, 131008 empty, 132018 newlines, tabs or
 *   more than four spaces, 132005 rendered text too long
 */
export function checkTextParameters(
  place: keyof typeof renderedLimits,
  text: string,
  sent: SentParameter[],
  format: ParameterFormat,
): void {
  const expected = variablesOf(text);
  if (sent.length !== expected.length) {
    throw new GraphError(132000, {
      details: `${place}: number of localizable_params (${sent.length}) does not match the expected number of params (${expected.length})`,
    });
  }
  const values = new Map<string, string>();
  for (const [index, parameter] of sent.entries()) {
    const name = nameOf(place, parameter, index, format);
    if (!expected.includes(name) || values.has(name)) {
      throw new GraphError(132012, { details: `${place}: parameter ${name} is unknown or given twice` });
    }
    values.set(name, textOf(place, parameter));
  }
  const limit = renderedLimits[place];
  if ([...renderText(text, values)].length > limit) {
    throw new GraphError(132005, { details: `${place}: translated text is longer than ${limit} characters` });
  }
}

/** Positional parameters stand for {{1}}, {{2}}... by their order. */
function nameOf(place: string, parameter: SentParameter, index: number, format: ParameterFormat): string {
  if (format === "NAMED") {
    if (!parameter.parameter_name) {
      throw new GraphError(132012, { details: `${place}: Parameter name is missing or empty` });
    }
    return parameter.parameter_name;
  }
  if (parameter.parameter_name !== undefined) {
    throw new GraphError(132012, {
      details: `${place}: parameter_name is only for templates with named parameters`,
    });
  }
  return String(index + 1);
}

function textOf(place: string, parameter: SentParameter): string {
  const type = parameter.type.toLowerCase();
  const values = new Map([
    ["text", parameter.text],
    ["currency", parameter.currency?.fallback_value],
    ["date_time", parameter.date_time?.fallback_value],
  ]);
  if (!values.has(type)) {
    throw new GraphError(132012, {
      details: `${place}: Format mismatch, expected TEXT, received ${parameter.type.toUpperCase()}`,
    });
  }
  const value = values.get(type);
  if (!value) throw new GraphError(131008, { details: `${place}: ${type} is missing or empty` });
  if (/[\n\r\t]| {5}/.test(value)) {
    throw new GraphError(132018, {
      details: `${place}: Param text cannot have new-line/tab characters or more than 4 consecutive spaces`,
    });
  }
  return value;
}
