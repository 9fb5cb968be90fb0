/** A local stack in a process of its own, its functions in worker threads; SIGTERM stops it. */
import { untilInterrupted } from "../../dev/stack/interrupt";
import { startStack } from "../../dev/stack/start.stack";

async function main(folder: string): Promise<void> {
  const interrupted = untilInterrupted();
  const running = await startStack({
    folder,
    freePorts: true,
    fresh: false,
    host: "serverless",
    threads: true,
    log: (line) => process.stderr.write(`${line}\n`),
  });
  process.stdout.write("ready\n");
  const why = await Promise.race([interrupted, running.broken]);
  await running.stop();
  if (why !== "SIGTERM") throw new Error(why);
}

main(process.argv[2] ?? "").then(
  () => process.exit(0),
  (error: unknown) => {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exit(1);
  },
);
