import type { Verb } from "./verb";

/** A command with verbs. */
export interface Command {
  /** As in `npm run NAME`. */
  readonly name: string;
  /** What it is for, in a sentence. */
  readonly title: string;
  readonly verbs: readonly Verb[];
}

/** The help of the whole command, or of one verb. */
export function helpText({ name, title, verbs }: Command, verb?: Verb): string {
  if (!verb)
    return [
      title,
      "",
      `  npm run ${name} -- VERB [...] [--json] [--help]`,
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
    `npm run ${name} -- ${usage(verb)}`,
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
