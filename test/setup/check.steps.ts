import { spawn } from "node:child_process";
import { join } from "node:path";

/** One check that is not a test: its name, and the script of a development dependency with its arguments. */
export interface CheckStep {
  name: string;
  script: string;
  args: string[];
}

/** ADD A CHECK HERE: each counts as one passed or failed. */
export const checkSteps: CheckStep[] = [
  { name: "types", script: "typescript/bin/tsc", args: ["--noEmit"] },
  { name: "format", script: "@biomejs/biome/bin/biome", args: ["check", "--error-on-warnings", "."] },
  { name: "lint", script: "oxlint/bin/oxlint", args: ["--type-aware", "--deny-warnings"] },
];

/** Runs a script of node_modules with this Node; its output goes to ours. Answers with its exit code. */
export function runScript(script: string, args: readonly string[]): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [join("node_modules", script), ...args], { stdio: "inherit" });
    child.once("error", reject);
    child.once("close", (code) => resolve(code ?? 1));
  });
}
