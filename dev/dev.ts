/** `npm run dev`: the local stack, until Ctrl-C. */
import { parseArgs } from "node:util";
import { printAddresses } from "./stack/addresses";
import { untilInterrupted } from "./stack/interrupt";
import { seedDemoData } from "./stack/seed";
import { startStack } from "./stack/start.stack";

const help = `npm run dev [-- options]

Starts the local stack: a real MongoDB, a fake Meta Graph server, two tenants, and every function in serverless-offline.
Data and keys are kept in .ecod; addresses and keys are printed, and written to .ecod/stack.json.

  --port N          port of the API (default 3000, or a free one if that is taken)
  --fresh           wipe data and keys first
  --empty           tenants without demo data
  --quiet           print only the addresses
  --host KIND       serverless (default) or express
  --help            this text
`;

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      port: { type: "string" },
      fresh: { type: "boolean", default: false },
      empty: { type: "boolean", default: false },
      quiet: { type: "boolean", default: false },
      host: { type: "string", default: "serverless" },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) {
    process.stdout.write(help);
    return 0;
  }
  if (values.host !== "serverless" && values.host !== "express")
    return usage("--host takes serverless or express.");
  const port = values.port === undefined ? undefined : Number(values.port);
  if (port !== undefined && (!Number.isInteger(port) || port < 1 || port > 65_535)) {
    return usage("--port takes a number from 1 to 65535.");
  }
  const log = (line: string) => {
    if (!values.quiet) process.stdout.write(`${line}\n`);
  };
  const interrupted = untilInterrupted();
  const running = await startStack({
    folder: ".ecod",
    fresh: values.fresh,
    host: values.host,
    log,
    ...(port === undefined ? {} : { port }),
  });
  try {
    if (!running.seeded && !values.empty) {
      await seedDemoData(running.stack, log);
      await running.markSeeded();
    }
    printAddresses(running.stack);
    const why = await Promise.race([interrupted, running.broken]);
    if (why === "SIGINT" || why === "SIGTERM") return 0;
    process.stderr.write(`${why}\n`);
    return 1;
  } finally {
    log("Stopping…");
    await running.stop();
  }
}

function usage(line: string): number {
  process.stderr.write(`${line} See npm run dev -- --help\n`);
  return 2;
}

main().then(
  (code) => process.exit(code),
  (error: unknown) => {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exit(1);
  },
);
