/** `npm run demo`: the product's main job on real input, end to end, on a stack of its own. */
import { parseArgs } from "node:util";
import { runMainJob } from "./demo/main.job";
import { createTranscript, DemoFailure } from "./demo/transcript";
import { printAddresses } from "./stack/addresses";
import { untilInterrupted } from "./stack/interrupt";
import { startStack } from "./stack/start.stack";

const folder = ".ecod/demo";

const help = `npm run demo [-- options]

Starts a real MongoDB, a fake Meta and the functions on free ports, in .ecod/demo, and plays the main job: a customer
writes on WhatsApp, becomes a lead, is answered by a rule; media is converted; an appointment gets its reminders.
Every step is verified against the API. Exit code 0 only if all of them were.

  --keep            leave the stack up afterwards, with its addresses and keys, until Ctrl-C
  --host KIND       serverless (default) or express
  --help            this text
`;

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      keep: { type: "boolean", default: false },
      host: { type: "string", default: "serverless" },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) {
    process.stdout.write(help);
    return 0;
  }
  if (values.host !== "serverless" && values.host !== "express") {
    process.stderr.write(`--host takes serverless or express.\n`);
    return 2;
  }
  const say = createTranscript();
  say.chapter("Starting a stack of its own");
  const running = await startStack({
    folder,
    fresh: true,
    host: values.host,
    freePorts: true,
    log: (line) => say.note(line),
  });
  try {
    say.note(`API ${running.stack.apiUrl}, fake Meta ${running.stack.graphUrl}`);
    await runMainJob(running.stack, folder, say);
    process.stdout.write(`\n${say.verified} steps verified.\n`);
    if (values.keep) {
      printAddresses(running.stack);
      await Promise.race([untilInterrupted(), running.broken]);
    }
    return 0;
  } finally {
    await running.stop();
  }
}

main().then(
  (code) => process.exit(code),
  (error: unknown) => {
    const message = error instanceof Error ? error.message : String(error);
    process.stderr.write(`\nThe demo failed: ${message}\n`);
    if (!(error instanceof DemoFailure) && error instanceof Error)
      process.stderr.write(`${error.stack ?? ""}\n`);
    process.stderr.write("What the functions logged is in .ecod/demo/host.log.\n");
    process.exit(1);
  },
);
