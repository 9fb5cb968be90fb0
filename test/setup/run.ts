/**
 * `npm test`: types, format, lint, then every test on a real mongod; the last line says `N passed, N failed`.
 * `npm test -- test/unit` runs only the tests whose path matches (jest's own options work too), without the checks.
 * `npm run test:long` adds test/long, whose counts are too high for every run.
 */
import { relative } from "node:path";
import { checkSteps, runScript } from "./check.steps";
import { runJest } from "./run.jest";

interface SuiteLine {
  name: string;
  seconds: number;
  note: string;
}

const seconds = (since: number): number => (Date.now() - since) / 1000;

async function runChecks(): Promise<{ failed: number; lines: SuiteLine[] }> {
  const lines: SuiteLine[] = [];
  let failed = 0;
  for (const step of checkSteps) {
    const began = Date.now();
    const code = await runScript(step.script, step.args);
    if (code !== 0) failed += 1;
    lines.push({ name: step.name, seconds: seconds(began), note: code === 0 ? "passed" : "FAILED" });
  }
  return { failed, lines };
}

/** One line per folder of test/: its files' seconds added up (they run two at a time). */
function suiteLines(files: readonly { path: string; seconds: number }[]): SuiteLine[] {
  const suites = new Map<string, { seconds: number; files: number }>();
  for (const file of files) {
    const name = relative("test", file.path).split(/[\\/]/)[0] ?? "";
    const suite = suites.get(name) ?? { seconds: 0, files: 0 };
    suites.set(name, { seconds: suite.seconds + file.seconds, files: suite.files + 1 });
  }
  return [...suites]
    .sort(([a], [b]) => a.localeCompare(b))
    .map(([name, suite]) => ({ name, seconds: suite.seconds, note: `${suite.files} files` }));
}

async function main(): Promise<void> {
  const began = Date.now();
  const args = process.argv.slice(2).filter((arg) => arg !== "--long");
  const long = process.argv.includes("--long");
  const checks = args.length === 0 ? await runChecks() : { failed: 0, lines: [] };
  // The option takes all that follows it, so it comes last.
  const jest = await runJest(
    long ? args : [...args, "--testPathIgnorePatterns", "/node_modules/", "/test/long/"],
  );

  const lines = [...checks.lines, ...suiteLines(jest.files)];
  console.log("");
  for (const line of lines)
    console.log(`${line.name.padEnd(14)}${line.seconds.toFixed(1).padStart(7)} s  ${line.note}`);
  for (const problem of jest.problems) console.log(`FAILED: ${problem}`);
  console.log(`${"all".padEnd(14)}${seconds(began).toFixed(1).padStart(7)} s`);

  const failed = checks.failed + jest.failed;
  const passed = checks.lines.length - checks.failed + jest.passed;
  console.log(`${passed} passed, ${failed} failed`);
  process.exitCode = failed === 0 ? 0 : 1;
}

main().catch((error: unknown) => {
  console.error(error);
  console.log("0 passed, 1 failed");
  process.exitCode = 1;
});
