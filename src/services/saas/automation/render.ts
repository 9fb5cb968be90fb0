/** Variables of rules: liquid templates, sandboxed, in which a hole is an error and never an empty text. */
import { UndefinedVariableError } from "liquidjs";
import { nearestWord } from "../../../contracts/suggestion";
import { AppError } from "../../../lib/errors/app.error";
import { liquid } from "./render.engine";
import { HoleError } from "./render.filters";

const maxOutputChars = 4_096;

/** Whether an error, or what caused it, says that a value is missing. Liquid wraps what is thrown within. */
function tellsOfHole(error: unknown): boolean {
  if (error instanceof UndefinedVariableError || error instanceof HoleError) return true;
  if (!(error instanceof Error)) return false;
  return "originalError" in error && tellsOfHole(error.originalError);
}

/**
 * Renders one variable text such as `{{lead.firstName | default: "there"}}`. `scope.timezone` is the zone that the
 * date filter writes times in, `scope.locale` the language of numbers and names of months.
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
  } catch (error) {
    const [, kind, word] = /(filter:|tag) "?([\w-]+)/.exec(error instanceof Error ? error.message : "") ?? [];
    if (kind === undefined || word === undefined)
      return "is not a valid template text: check its {{ }} and filters";
    const known = Object.keys(kind === "tag" ? liquid().tags : liquid().filters);
    const meant = nearestWord(word, known);
    const what = kind === "tag" ? "tag" : "filter";
    return `has the unknown ${what} ${word}${meant ? `; did you mean ${meant}?` : ""}`;
  }
}

/**
 * The variables that a text reads from outside itself, each as its path: `["lead", "firstName"]`. A part that is
 * computed ends the path.
 */
export function variablesIn(text: string): string[][] {
  return liquid()
    .globalVariableSegmentsSync(text, { partials: false })
    .map((segments) => {
      const computed = segments.findIndex((segment) => Array.isArray(segment));
      return segments.slice(0, computed === -1 ? undefined : computed).map(String);
    });
}
