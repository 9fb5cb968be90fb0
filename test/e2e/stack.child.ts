/**
 * A local stack in a process of its own; SIGTERM stops it. Arguments: its folder, and `express` for the Express host
 * instead of functions in worker threads.
 */
import type { HostKind } from "../../dev/stack/host";
import { untilInterrupted } from "../../dev/stack/interrupt";
import { startStack } from "../../dev/stack/start.stack";

async function main(folder: string, host: HostKind): Promise<void> {
  const interrupted = untilInterrupted();
  const running = await startStack({
    folder,
    freePorts: true,
    fresh: false,
    host,
    threads: host === "serverless",
    log: (line) => process.stderr.write(`${line}\n`),
  });
  process.stdout.write("ready\n");
  const why = await Promise.race([interrupted, running.broken]);
  await running.stop();
  if (why !== "SIGTERM") throw new Error(why);
}

main(process.argv[2] ?? "", process.argv[3] === "express" ? "express" : "serverless").then(
  () => process.exit(0),
  (error: unknown) => {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exit(1);
  },
);
