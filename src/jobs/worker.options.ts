import { availableParallelism } from "node:os";
import { parseArgs } from "node:util";
import * as z from "zod";
import { queueNames } from "./queue/job.catalog";

export const workerHelp = `Usage: npm run worker -- [options]

Runs background jobs until it is told to stop. Start as many as you like, on as many machines: they share one queue.

  --queues crm,media   which queues it serves (default: all; media needs ffmpeg)
  --concurrency 16     how many jobs run at once; media jobs one per core at most (default: 8 per core)
  --grace 25           seconds that running jobs get after SIGTERM or Ctrl-C; the rest is given back (default: 25)
  --health-port 8080   serves /healthz there (default: none)
  --help               this text

A line of health goes to stdout every 30 seconds. Settings come from the environment; see the README.`;

const optionsSchema = z.object({
  queues: z
    .string()
    .default(queueNames.join(","))
    .transform((list) => list.split(",").map((name) => name.trim()))
    .pipe(z.array(z.enum(queueNames, { error: `is made of: ${queueNames.join(", ")}` })).min(1)),
  concurrency: z.coerce
    .number()
    .int()
    .min(1)
    .max(512)
    .default(8 * availableParallelism()),
  grace: z.coerce.number().min(0).max(900).default(25),
  "health-port": z.coerce.number().int().min(1).max(65_535).optional(),
  help: z.boolean().default(false),
});

export type WorkerOptions = z.infer<typeof optionsSchema>;

/** Thrown when the command line does not parse; the message says which option and what it takes. */
export class WorkerOptionsError extends Error {
  override readonly name = "WorkerOptionsError";
}

/** Parses the worker's command line. @throws WorkerOptionsError */
export function parseWorkerOptions(args: readonly string[]): WorkerOptions {
  let values: Record<string, unknown>;
  try {
    ({ values } = parseArgs({
      args: [...args],
      options: {
        queues: { type: "string" },
        concurrency: { type: "string" },
        grace: { type: "string" },
        "health-port": { type: "string" },
        help: { type: "boolean" },
      },
    }));
  } catch (error) {
    throw new WorkerOptionsError(
      `${error instanceof Error ? error.message : String(error)} (--help lists the options.)`,
    );
  }
  const parsed = optionsSchema.safeParse(values);
  if (parsed.success) return parsed.data;
  const lines = parsed.error.issues.map(({ path, message }) => `--${path[0]?.toString() ?? ""} ${message}`);
  throw new WorkerOptionsError(`${lines.join("\n")}\n(--help lists the options.)`);
}
