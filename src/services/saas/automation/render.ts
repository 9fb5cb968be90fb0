/** Variables of rules: liquid templates, sandboxed, in which a hole is an error and never an empty text. */
import { Liquid, UndefinedVariableError } from "liquidjs";
import { DateTime } from "luxon";
import { AppError } from "../../../lib/errors/app.error";

const maxOutputChars = 4_096;

let engine: Liquid | undefined;

function liquid(): Liquid {
  if (engine) return engine;
  engine = new Liquid({
    strictVariables: true,
    strictFilters: true,
    // `{{ x | default: "y" }}` may name what is missing.
    lenientIf: true,
    ownPropertyOnly: true,
    relativeReference: false,
    dynamicPartials: false,
    parseLimit: 8_192,
    renderLimit: 200,
    memoryLimit: 1_000_000,
    outputEscape: refuseHole,
  });
  // `raw` would pass by the look for holes, and there is nothing to escape.
  delete engine.filters.raw;
  // As Liquid's own, but an empty default is a wish and no hole.
  engine.registerFilter("default", (value: unknown, fallback: unknown) => {
    if (!isHole(value) && value !== false) return value;
    return isHole(fallback) ? wanted : fallback;
  });
  // Liquid's own date filter speaks strftime and the server's zone; people write dd/MM HH:mm and mean the lead's.
  engine.registerFilter("date", function (value: unknown, format: unknown = "dd/MM/yyyy HH:mm") {
    // What is missing stays missing: a default may follow.
    if (isHole(value) || value === wanted) return value;
    const zone = this.context.get(["timezone"]);
    const time =
      value instanceof Date
        ? DateTime.fromJSDate(value)
        : DateTime.fromISO(String(value), { setZone: false });
    if (!time.isValid) return "";
    return time.setZone(typeof zone === "string" ? zone : "UTC").toFormat(String(format));
  });
  return engine;
}

/** Stands for an empty text that somebody asked for. */
const wanted = Object.freeze({ toString: () => "" });

const isHole = (value: unknown): boolean =>
  value === undefined ||
  value === null ||
  (typeof value === "string" && value.trim() === "") ||
  (Array.isArray(value) && value.length === 0);

class HoleError extends Error {
  override readonly name = "HoleError";
}

/** Sees each value as it is about to be written into the text. */
function refuseHole(value: unknown): string {
  if (value === wanted) return "";
  if (isHole(value)) throw new HoleError("A variable has no value.");
  return Array.isArray(value) ? value.join(", ") : String(value);
}

/** Whether an error, or what caused it, says that a value is missing. Liquid wraps what is thrown within. */
function tellsOfHole(error: unknown): boolean {
  if (error instanceof UndefinedVariableError || error instanceof HoleError) return true;
  if (!(error instanceof Error)) return false;
  return "originalError" in error && tellsOfHole(error.originalError);
}

/**
 * Renders one variable text such as `{{lead.firstName | default: "there"}}`. `scope.timezone` is the zone that the
 * date filter writes times in.
 * @throws AppError missing-variable when it names something that has no value, or is too large.
 */
export async function renderText(text: string, scope: Readonly<Record<string, unknown>>): Promise<string> {
  if (!text.includes("{")) return text;
  let rendered: unknown;
  try {
    rendered = await liquid().parseAndRender(text, { ...scope });
  } catch (error) {
    const detail = tellsOfHole(error)
      ? 'A variable of the text has no value. Give it a default, e.g. {{lead.firstName | default: "there"}}.'
      : "A variable of the text cannot be rendered: its syntax is wrong or it is too large.";
    throw new AppError("missing-variable", detail, { cause: error });
  }
  const output = String(rendered);
  if (output.length > maxOutputChars)
    throw new AppError("missing-variable", `The rendered text is longer than ${maxOutputChars} characters.`);
  return output;
}

/** Whether a text parses as a template; for refusing a rule at save. @returns a sentence, or undefined when it is fine. */
export function templateSyntaxProblem(text: string): string | undefined {
  try {
    liquid().parse(text);
    return undefined;
  } catch {
    return "is not a valid template text: check its {{ }} and filters";
  }
}
