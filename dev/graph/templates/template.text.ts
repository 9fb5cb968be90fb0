/** Variables in a template's texts: `{{1}}` or `{{first_name}}`. */

const variablePattern = /\{\{\s*([^{}]+?)\s*\}\}/g;

/** The variables of a text, each once, in order of appearance. */
export function variablesOf(text: string): string[] {
  return [...new Set([...text.matchAll(variablePattern)].map(([, name]) => name ?? ""))];
}

/** The text with its variables filled in; what is not given stays as it is. */
export function renderText(text: string, values: ReadonlyMap<string, string>): string {
  return text.replace(variablePattern, (whole, name: string) => values.get(name) ?? whole);
}
