/** `npm run replay`: webhook payloads to the running stack, and what became of each. */
import { help, parseOptions, ReplayError } from "./replay/command.options";
import { runReplay } from "./replay/run.replay";
import { NoStackError } from "./stack/stack.file";

async function main(): Promise<number> {
  const options = parseOptions(process.argv.slice(2));
  if (options) return runReplay(options, (line) => console.log(line));
  process.stdout.write(help);
  return 0;
}

main().then(
  (code) => {
    process.exitCode = code;
  },
  (error: unknown) => {
    const expected = error instanceof ReplayError || error instanceof NoStackError;
    console.error(expected ? error.message : error);
    process.exitCode = 2;
  },
);
