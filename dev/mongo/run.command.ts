import { execFile } from "node:child_process";
import { processEnvironment } from "../../src/lib/env/env";

/** How a child process ended. `missing` means that there is no such executable. */
export type CommandResult =
  | { ended: "ok"; stdout: string }
  | { ended: "failed"; stdout: string; stderr: string; code: number | string }
  | { ended: "timeout"; seconds: number }
  | { ended: "missing" };

/** Runs a command to its end without a shell. Never throws: how it ended is the answer. */
export function runCommand(
  command: string,
  args: readonly string[],
  options: { timeoutMs: number; cwd?: string; environment?: Record<string, string> },
): Promise<CommandResult> {
  return new Promise((resolve) => {
    const settings = {
      env: processEnvironment(options.environment),
      cwd: options.cwd,
      timeout: options.timeoutMs,
      killSignal: "SIGKILL",
      maxBuffer: 32 << 20,
    } as const;
    execFile(command, [...args], settings, (error, stdout, stderr) => {
      if (!error) resolve({ ended: "ok", stdout });
      else if (error.code === "ENOENT") resolve({ ended: "missing" });
      else if (error.killed) resolve({ ended: "timeout", seconds: options.timeoutMs / 1000 });
      else resolve({ ended: "failed", stdout, stderr, code: error.code ?? error.signal ?? "unknown" });
    });
  });
}
