import type { ProblemDetail } from "../errors/app.error";

/** Names that reach an object's prototype in code that copies carelessly; nobody needs them as data. */
const prototypeNames: ReadonlySet<string> = new Set(["__proto__", "constructor", "prototype"]);
/** One JSON token that matters here: a string, or a mark of structure. Numbers and words are passed over. */
const token = /"(?:[^"\\]|\\.)*"|[{}[\],]/g;
const loneSurrogate = /\p{Surrogate}/u;
/** Only the first few: one is enough to refuse the body. */
const most = 20;

interface Level {
  /** Names seen so far; undefined inside an array. */
  readonly names: Set<string> | undefined;
  /** Where we are in it: the current name, or the current index. */
  at: string | number;
}

/**
 * What is wrong with well-formed JSON that parsers pass over and databases, callers and logs read differently: a field
 * given twice (RFC 8259, section 4: its meaning is unpredictable), half a surrogate pair (section 8.2), names that
 * reach a prototype. Names that begin with a dollar sign are the schemas' to refuse: some data of others has them.
 * @param text JSON that parses
 * @returns one detail per place, by JSON pointer; empty when all is well
 */
export function jsonTraps(text: string): ProblemDetail[] {
  const found: ProblemDetail[] = [];
  const levels: Level[] = [];
  const note = (code: string, detail: string, name?: string): void => {
    const path = [...levels.slice(0, name === undefined ? undefined : -1).map(({ at }) => at)];
    if (name !== undefined) path.push(name);
    if (found.length < most) found.push({ pointer: pointerOf(path), code, detail });
  };
  let expectsName = false;
  for (const [part] of text.matchAll(token)) {
    const level = levels.at(-1);
    if (part === "{" || part === "[") {
      levels.push(part === "{" ? { names: new Set(), at: "" } : { names: undefined, at: 0 });
      expectsName = part === "{";
    } else if (part === "}" || part === "]") {
      levels.pop();
      expectsName = false;
    } else if (part === ",") {
      if (level && typeof level.at === "number") level.at += 1;
      expectsName = level?.names !== undefined;
    } else {
      const value = part.includes("\\") ? String(JSON.parse(part)) : part.slice(1, -1);
      const whole = !loneSurrogate.test(value);
      if (expectsName && level?.names) {
        if (level.names.has(value)) note("duplicate-field", "Is given twice; give it once.", value);
        else if (prototypeNames.has(value) || !whole)
          note("unknown-field", "There is no such field here.", whole ? value : "");
        level.names.add(value);
        level.at = value;
        expectsName = false;
      } else if (!whole)
        note("invalid-format", "Must be well-formed Unicode; it holds half a surrogate pair.");
    }
  }
  return found;
}

function pointerOf(path: readonly (string | number)[]): string {
  return path
    .map((part) => `/${String(part).replaceAll("~", "~0").replaceAll("/", "~1")}`)
    .join("")
    .slice(0, 200);
}
