import { spawn } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as z from "zod";

/** Jest ends by itself when every file closed what it opened; if it hangs this long after its results, one did not. */
const EXIT_LIMIT_MS = 5_000;

const resultsSchema = z.object({
  numPassedTests: z.number(),
  numFailedTests: z.number(),
  numPendingTests: z.number(),
  numTodoTests: z.number(),
  numRuntimeErrorTestSuites: z.number(),
  testResults: z.array(z.object({ name: z.string(), startTime: z.number(), endTime: z.number() })),
});

/** What one run of jest came to. `problems` are failures that no test reports, one sentence each. */
export interface JestOutcome {
  passed: number;
  failed: number;
  problems: string[];
  files: { path: string; seconds: number }[];
}

async function readResults(file: string): Promise<z.infer<typeof resultsSchema> | undefined> {
  const text = await readFile(file, "utf8").catch(() => undefined);
  return text === undefined ? undefined : resultsSchema.parse(JSON.parse(text));
}

/** Runs jest to its end, or ends it when it hangs after its results. */
function runToEnd(args: readonly string[], resultsFile: string): Promise<{ code: number; hung: boolean }> {
  return new Promise((resolve, reject) => {
    const flags = ["--experimental-vm-modules", "--disable-warning=ExperimentalWarning"];
    const jest = ["node_modules/jest/bin/jest.js", "--config", "test/setup/jest.config.cjs"];
    const output = ["--json", `--outputFile=${resultsFile}`];
    const child = spawn(process.execPath, [...flags, ...jest, ...output, ...args], { stdio: "inherit" });
    let resultsSince: number | undefined;
    let hung = false;
    const watch = setInterval(async () => {
      if ((await readResults(resultsFile).catch(() => undefined)) === undefined) return;
      resultsSince ??= Date.now();
      if (Date.now() - resultsSince < EXIT_LIMIT_MS) return;
      hung = true;
      child.kill("SIGKILL");
    }, 1_000);
    child.once("error", reject);
    child.once("close", (code) => {
      clearInterval(watch);
      resolve({ code: code ?? 1, hung });
    });
  });
}

/**
 * Runs jest and counts. A file that could not run, a skipped test and a run without any test count as failures:
 * nothing here may pass by not having run.
 */
export async function runJest(args: readonly string[]): Promise<JestOutcome> {
  const folder = await mkdtemp(join(tmpdir(), "ecod-test-"));
  try {
    const resultsFile = join(folder, "results.json");
    const { code, hung } = await runToEnd(args, resultsFile);
    const results = await readResults(resultsFile);
    if (!results) return { passed: 0, failed: 1, problems: ["jest gave no results (see above)"], files: [] };

    const problems: string[] = [];
    const notRun = results.numPendingTests + results.numTodoTests;
    const filtered = args.some((arg) => arg === "-t" || arg.startsWith("--testNamePattern"));
    if (notRun > 0 && !filtered) problems.push(`${notRun} tests were skipped; every test has to run`);
    if (hung)
      problems.push("jest did not end after its results: something was left open outside the test files");
    const failed = results.numFailedTests + results.numRuntimeErrorTestSuites;
    if (results.numPassedTests + failed === 0) problems.push("no test ran");
    if (code !== 0 && failed + problems.length === 0) problems.push(`jest ended with code ${code}`);
    return {
      passed: results.numPassedTests,
      failed: failed + problems.length,
      problems,
      files: results.testResults.map((file) => ({
        path: file.name,
        seconds: (file.endTime - file.startTime) / 1000,
      })),
    };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
