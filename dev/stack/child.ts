import { type ChildProcess, spawn } from "node:child_process";
import { createWriteStream } from "node:fs";

export interface ChildOptions {
  readonly name: string;
  readonly args: readonly string[];
  readonly environment: Record<string, string>;
  /** File that gets everything it prints. */
  readonly logFile: string;
}

export interface RunningChild {
  readonly name: string;
  /** Settles when the process has ended. */
  readonly ended: Promise<number | null>;
  /** SIGTERM, then SIGKILL after 10 s, to it and whatever it started. */
  stop(): Promise<void>;
}

const graceMs = 10_000;

/** Starts a node process in a group of its own, so that stopping it stops everything it started. */
export function startChild(options: ChildOptions): RunningChild {
  const log = createWriteStream(options.logFile, { flags: "a", mode: 0o600 });
  const child = spawn(process.execPath, [...options.args], {
    env: options.environment,
    stdio: ["ignore", "pipe", "pipe"],
    detached: true,
  });
  child.stdout.pipe(log, { end: false });
  child.stderr.pipe(log, { end: false });
  const ended = new Promise<number | null>((resolve, reject) => {
    child.once("error", reject);
    child.once("exit", (code) => {
      log.end();
      resolve(code);
    });
  });
  return { name: options.name, ended, stop: () => stopGroup(child, ended) };
}

async function stopGroup(child: ChildProcess, ended: Promise<number | null>): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return;
  signalGroup(child.pid, "SIGTERM");
  const late = setTimeout(() => child.pid !== undefined && signalGroup(child.pid, "SIGKILL"), graceMs);
  await ended;
  clearTimeout(late);
}

function signalGroup(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-pid, signal);
  } catch (error) {
    // Gone already.
    if (!(error instanceof Error && "code" in error && error.code === "ESRCH")) throw error;
  }
}
