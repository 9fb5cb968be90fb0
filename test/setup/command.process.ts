import { spawn } from "node:child_process";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { processEnvironment } from "../../src/lib/env/env";

export interface CommandOutcome {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Settings that the test's own process has and a stranger's shell has not. */
const ours = /^(ECOD_|MONGO|WHATSAPP_|GRAPH_|LOG_LEVEL$)/;

/**
 * Runs one of the project's commands to its end, as somebody would in another folder with only these settings.
 * @param file of the command, below the project.
 */
export function runCommand(
  file: string,
  args: readonly string[],
  { cwd, settings }: { cwd: string; settings: Record<string, string> },
): Promise<CommandOutcome> {
  const strangers = Object.entries(processEnvironment()).filter(([name]) => !ours.test(name));
  const loader = pathToFileURL(require.resolve("tsx")).href;
  const child = spawn(process.execPath, ["--import", loader, resolve(file), ...args], {
    cwd,
    env: { ...Object.fromEntries(strangers), ECOD_CACHE_DIR: resolve(".cache"), ...settings },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let stdout = "";
  let stderr = "";
  child.stdout.on("data", (chunk: Buffer) => {
    stdout += chunk.toString();
  });
  child.stderr.on("data", (chunk: Buffer) => {
    stderr += chunk.toString();
  });
  return new Promise((done, reject) => {
    child.once("error", reject);
    child.once("close", (code) => done({ code, stdout, stderr }));
  });
}
