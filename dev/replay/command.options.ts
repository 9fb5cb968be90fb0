/** Command line of `npm run replay`: flags in, options out. */
import { parseArgs } from "node:util";
import * as z from "zod";

export const help = `npm run replay -- FILE|FOLDER... [options]

Posts webhook payloads to the running stack (npm run dev), signed as Meta signs them, and tells what became of each:
processed, waiting, ignored with its reason, quarantined, failed, or refused. Files are JSON: a payload, a list of
them, JSON lines, a single entry, change or value, or any of these as the body of a request or queue message.

  --shuffle         in random order
  --repeat N        every payload N times (default 1)
  --seed N          makes the order the same again (default: a random one, which is printed)
  --batch N         up to N payloads in one delivery, as Meta batches them
  --at-once N       deliveries under way at the same time (default 8)
  --as CLIENT       as if they had come for this tenant's number and account, e.g. demo
  --stack DIR       folder of the stack (default .ecod)
  --quiet           the summary only, not a line for each payload
  --help            this text

Exit code 1 when a delivery was answered 5xx, an item failed or is found nowhere, or a job died.
`;

const count = (max: number) => z.coerce.number("must be a number").int("must be whole").min(1).max(max);

const optionsSchema = z.object({
  paths: z.array(z.string()).min(1, "needs at least one file or folder"),
  shuffle: z.boolean().default(false),
  repeat: count(100).default(1),
  seed: z.coerce
    .number("must be a number")
    .int("must be whole")
    .min(0)
    .max(2 ** 32 - 1)
    .default(() => Math.floor(Math.random() * 2 ** 32)),
  batch: count(1_000).default(1),
  "at-once": count(64).default(8),
  as: z.string().optional(),
  stack: z.string().min(1).default(".ecod"),
  quiet: z.boolean().default(false),
});
export type ReplayOptions = z.output<typeof optionsSchema>;

/** Thrown for a command line or an input that cannot be used; the message is ready to print. */
export class ReplayError extends Error {
  override readonly name = "ReplayError";
}

/** @returns null when help was asked for. @throws ReplayError */
export function parseOptions(args: string[]): ReplayOptions | null {
  const { values, positionals } = flagsOf(args);
  if (values.help) return null;
  const parsed = optionsSchema.safeParse({ ...values, paths: positionals });
  if (parsed.success) return parsed.data;
  const lines = parsed.error.issues.map(({ path, message }) =>
    path[0] === "paths" ? `replay ${message}` : `--${String(path[0])} ${message}`,
  );
  throw new ReplayError(`${lines.join("\n")}\nSee npm run replay -- --help`);
}

function flagsOf(args: string[]) {
  try {
    return parseArgs({
      args,
      allowPositionals: true,
      options: {
        shuffle: { type: "boolean" },
        repeat: { type: "string" },
        seed: { type: "string" },
        batch: { type: "string" },
        "at-once": { type: "string" },
        as: { type: "string" },
        stack: { type: "string" },
        quiet: { type: "boolean" },
        help: { type: "boolean", short: "h" },
      },
    });
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new ReplayError(`${why}\nSee npm run replay -- --help`);
  }
}
