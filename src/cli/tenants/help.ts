import type { Verb } from "./verb";

/** The help of the whole command, or of one verb. */
export function helpText(verbs: readonly Verb[], verb?: Verb): string {
  if (!verb)
    return [
      "Clients (tenants) of the platform.",
      "",
      "  npm run tenants -- VERB [...] [--json] [--help]",
      "",
      ...verbs.map((each) => `  ${usage(each).padEnd(42)}${each.about}`),
      "",
      "  --json   print the result alone, as JSON; progress stays on stderr",
      "  --help   behind a verb: its options",
      "",
      "It needs the platform's environment: ECOD_STAGE, MONGODB_URI, ECOD_MASTER_KEY.",
      "Exit codes: 0 done, 1 refused or failed, 2 wrong usage.",
    ].join("\n");
  return [
    `npm run tenants -- ${usage(verb)}`,
    "",
    verb.about,
    ...Object.entries(verb.options).map(
      ([name, option]) => `  ${`--${name} ${option.value ?? ""}`.padEnd(26)}${option.about}`,
    ),
  ].join("\n");
}

function usage(verb: Verb): string {
  return [verb.name, ...verb.words].join(" ");
}
