import { type ChildProcess, spawn } from "node:child_process";

/** How a child process ended, with everything it printed. */
export interface ScriptResult {
  code: number | null;
  signal: NodeJS.Signals | null;
  stdout: string;
  stderr: string;
  seconds: number;
}

/** A script in its own process: `child` to signal it, `firstLine` once it printed one, `ended` when it is gone. */
export interface RunningScript {
  child: ChildProcess;
  firstLine: Promise<string>;
  ended: Promise<ScriptResult>;
}

/**
 * Starts a TypeScript file as `node --import tsx <file> <args>` with exactly the given environment.
 * The caller ends it (or awaits `ended`) before the test file ends.
 */
export function startScript(
  file: string,
  args: readonly string[],
  env: Record<string, string>,
): RunningScript {
  const began = Date.now();
  const child = spawn(process.execPath, ["--import", "tsx", file, ...args], {
    env,
    stdio: ["ignore", "pipe", "pipe"],
  });
  let stdout = "";
  let stderr = "";
  const ended = new Promise<ScriptResult>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code, signal) =>
      resolve({ code, signal, stdout, stderr, seconds: (Date.now() - began) / 1000 }),
    );
  });
  const firstLine = new Promise<string>((resolve, reject) => {
    child.stdout.on("data", (chunk: Buffer) => {
      stdout += chunk.toString();
      const end = stdout.indexOf("\n");
      if (end >= 0) resolve(stdout.slice(0, end));
    });
    child.stderr.on("data", (chunk: Buffer) => {
      stderr += chunk.toString();
    });
    ended.then(() => reject(new Error(`${file} ended before it printed a line: ${stderr}`)), reject);
  });
  firstLine.catch(() => {}); // only for those who wait for it
  return { child, firstLine, ended };
}

/** Runs a TypeScript file to its end. */
export function runScriptFile(
  file: string,
  args: readonly string[],
  env: Record<string, string>,
): Promise<ScriptResult> {
  return startScript(file, args, env).ended;
}
