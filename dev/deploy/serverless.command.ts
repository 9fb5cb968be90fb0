import { spawn } from "node:child_process";
import { rm } from "node:fs/promises";
import { processEnvironment, toolingEnvironment } from "../../src/lib/env/env";

/** Runs the framework from this folder and answers with its exit code. */
export async function runServerless(args: readonly string[]): Promise<number> {
  // What an earlier, failed build left there would be packed as well.
  for (const folder of [toolingEnvironment().ECOD_BUILD_DIR, ".serverless"])
    await rm(folder, { recursive: true, force: true });
  return new Promise((resolve, reject) => {
    const script = "node_modules/serverless/bin/serverless.js";
    const child = spawn(process.execPath, [script, ...args], { stdio: "inherit", env: processEnvironment() });
    child.once("error", reject);
    child.once("close", (code) => resolve(code ?? 1));
  });
}
