import { type ChildProcess, spawn } from "node:child_process";
import { join } from "node:path";
import { processEnvironment } from "../../../src/lib/env/env";

export interface QueueChild {
  readonly process: ChildProcess;
  /** Everything it wrote so far. */
  output(): string;
  /** Resolves when it has connected and begins. */
  readonly ready: Promise<void>;
  /** Its exit code, or the signal that ended it. */
  readonly ended: Promise<number | NodeJS.Signals | null>;
}

/** Starts one process of the queue's fault tests on this file's databases. */
export function startQueueChild(
  plan: Record<string, unknown>,
  environment: Record<string, string> = {},
): QueueChild {
  const script = join(__dirname, "queue.child.main.ts");
  const child = spawn(process.execPath, ["--import", "tsx", script, JSON.stringify(plan)], {
    env: processEnvironment(environment),
    stdio: ["ignore", "pipe", "pipe"],
  });
  let written = "";
  const ended = new Promise<number | NodeJS.Signals | null>((resolve) => {
    child.once("close", (code, signal) => resolve(code ?? signal));
  });
  const ready = new Promise<void>((resolve, reject) => {
    const note = (chunk: Buffer) => {
      written += chunk.toString();
      if (written.includes("ready\n")) resolve();
    };
    child.stdout.on("data", note);
    child.stderr.on("data", note);
    void ended.then(() => reject(new Error(`The child ended before it began: ${written}`)));
  });
  // A child that is killed at once is no failure of the test that does it.
  ready.catch(() => undefined);
  return { process: child, output: () => written, ready, ended };
}
