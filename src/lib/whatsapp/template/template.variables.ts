/** Values of a template's places, by key; all are texts. */
export type TemplateVariables = Readonly<Record<string, string>>;

/** Meta refuses line breaks, tabs and runs of spaces in a parameter: they become single spaces. */
export function variableOf(variables: TemplateVariables, key: string): string {
  return Object.hasOwn(variables, key) ? (variables[key] ?? "").replace(/\s+/g, " ").trim() : "";
}
