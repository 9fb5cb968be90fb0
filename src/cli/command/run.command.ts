import { randomUUID } from "node:crypto";
import { userInfo } from "node:os";
import { parseArgs } from "node:util";
import { ZodError } from "zod";
import { createPlatformContext } from "../../lib/context/create.context";
import { migrateCentral } from "../../lib/db/central.migrations";
import { isAuthenticationFailure, isUnreachable } from "../../lib/db/connectivity.error";
import { env } from "../../lib/env/env";
import { AppError } from "../../lib/errors/app.error";
import { closeAllConnections } from "../../lib/tenant/tenant.registry";
import { type Command, helpText } from "./help";
import { UsageError, type Verb, type VerbAnswer, type VerbCall } from "./verb";

/** Does what the process's arguments say; sets its exit code: 0 done, 1 refused or failed, 2 wrong usage. */
export function runCommand(command: Command): void {
  run(command, process.argv.slice(2)).then(
    (code) => {
      process.exitCode = code;
    },
    (error: unknown) => {
      console.error(explain(error));
      process.exitCode = error instanceof UsageError ? 2 : 1;
    },
  );
}

async function run({ name, title, verbs }: Command, args: readonly string[]): Promise<number> {
  const verb = verbs.find((each) => each.name === args[0]);
  if (args.length === 0 || args.includes("--help") || args.includes("-h")) {
    console.log(helpText({ name, title, verbs }, verb));
    return 0;
  }
  if (!verb) throw new UsageError(`There is no verb "${args[0]}". \`npm run ${name} -- --help\` lists all.`);
  const { values, positionals } = parse(name, verb, args.slice(1));
  env(); // a bad environment is told before anything is done
  try {
    // A first call on a new installation finds the central indexes, which keep codes and keys unique.
    if (!verb.migrates) await migrateCentral();
    const answer = await verb.run(callOf(positionals, values));
    print(answer, values.json === true);
    return answer.failed ? 1 : 0;
  } finally {
    await closeAllConnections();
  }
}

function parse(
  command: string,
  verb: Verb,
  args: readonly string[],
): { values: Readonly<Record<string, string | boolean | undefined>>; positionals: string[] } {
  const options = Object.fromEntries(
    Object.entries(verb.options).map(([name, { type }]) => [name, { type }] as const),
  );
  try {
    const parsed = parseArgs({
      args: [...args],
      options: { ...options, json: { type: "boolean" } },
      allowPositionals: true,
    });
    const least = verb.words.filter((word) => !word.startsWith("[")).length;
    if (parsed.positionals.length < least || parsed.positionals.length > verb.words.length)
      throw new UsageError(`Usage: npm run ${command} -- ${[verb.name, ...verb.words].join(" ")}`);
    return { values: parsed.values, positionals: parsed.positionals };
  } catch (error) {
    if (error instanceof TypeError) throw new UsageError(error.message); // how parseArgs refuses an option
    throw error;
  }
}

function callOf(
  words: readonly string[],
  values: Readonly<Record<string, string | boolean | undefined>>,
): VerbCall {
  return {
    ctx: createPlatformContext({
      actor: { type: "admin", id: `shell:${shellUser()}` },
      requestId: `cli-${randomUUID()}`,
    }),
    words,
    text(option) {
      const value = values[option];
      return typeof value === "string" ? value : undefined;
    },
    flag: (option) => values[option] === true,
    progress: (sentence) => console.error(sentence),
  };
}

/** Who sits at the shell; a container's user may have no name. */
function shellUser(): string {
  try {
    return userInfo().username;
  } catch {
    return `uid-${process.getuid?.() ?? "unknown"}`;
  }
}

function print(answer: VerbAnswer, json: boolean): void {
  console.log(json ? JSON.stringify(answer.value, null, 2) : answer.lines.join("\n"));
}

/** What a person reads instead of a stack. */
function explain(error: unknown): string {
  if (error instanceof ZodError)
    return error.issues.map(({ path, message }) => `${path.join(".")}: ${message}`).join("\n");
  if (error instanceof AppError)
    return [error.detail, ...(error.options.errors ?? []).map(({ detail }) => `  ${detail}`)].join("\n");
  if (isUnreachable(error))
    return "The central database does not answer. Check that MONGODB_URI is right and the cluster is up.";
  if (isAuthenticationFailure(error)) return "The central database refuses the credentials in MONGODB_URI.";
  return error instanceof Error ? error.message : "Something unexpected was thrown.";
}
