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
  });
  // Liquid's own date filter speaks strftime and the server's zone; people write dd/MM HH:mm and mean the lead's.
  engine.registerFilter("date", function (value: unknown, format: unknown = "dd/MM/yyyy HH:mm") {
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
    const detail =
      error instanceof UndefinedVariableError
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
