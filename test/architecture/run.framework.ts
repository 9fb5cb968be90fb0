import { spawn } from "node:child_process";
import { join } from "node:path";

/** A machine with no account, no home and no settings but these. */
export type BareEnvironment = Readonly<Record<string, string>>;

/**
 * Runs the framework in this project with an environment of its own.
 * @throws Error with what it printed when it fails
 */
export async function runFramework(
  args: readonly string[],
  environment: BareEnvironment = {},
): Promise<string> {
  const root = join(__dirname, "../..");
  const child = spawn(process.execPath, ["node_modules/serverless/bin/serverless.js", ...args], {
    cwd: root,
    env: { PATH: "/usr/bin:/bin", HOME: "/nonexistent", ...environment },
  });
  let printed = "";
  let complained = "";
  child.stdout.on("data", (chunk: Buffer) => {
    printed += chunk;
  });
  child.stderr.on("data", (chunk: Buffer) => {
    complained += chunk;
  });
  const code = await new Promise<number>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (status) => resolve(status ?? 1));
  });
  if (code !== 0)
    throw new Error(`serverless ${args[0]} ended with code ${code}:\n${complained}\n${printed}`);
  return printed;
}
