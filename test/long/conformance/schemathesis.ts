/** Schemathesis, a Python tool that makes requests from an OpenAPI document: installed once, run as often as needed. */
import { createHash } from "node:crypto";
import { access, mkdir, mkdtemp, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { type CommandResult, runCommand } from "../../../dev/mongo/run.command";

const requirementsFile = "test/long/conformance/requirements.txt";
const cacheFolder = ".cache/schemathesis";
const installMs = 10 * 60_000;
const runMs = 30 * 60_000;

/** What an answer must not be: a 5xx, or of a status, type, shape or headers that the document does not tell. */
const checks = [
  "not_a_server_error",
  "status_code_conformance",
  "content_type_conformance",
  "response_schema_conformance",
  "response_headers_conformance",
];

/**
 * Puts the packages of the requirements file into the git-ignored cache, unless they are there.
 * @returns the folder that Python finds them in
 * @throws Error in one sentence when there is no python3, no pip, or no package registry
 */
export async function installSchemathesis(): Promise<string> {
  const python = await runCommand("python3", ["-c", "import sys; print(sys.implementation.cache_tag)"], {
    timeoutMs: 60_000,
  });
  if (python.ended !== "ok") throw new Error(cannot(python));
  const pins = createHash("sha256").update(await readFile(requirementsFile));
  const folder = resolve(cacheFolder, `${python.stdout.trim()}-${pins.digest("hex").slice(0, 16)}`);
  if (await exists(folder)) return folder;

  await mkdir(cacheFolder, { recursive: true });
  // In place only when it is whole, so that an install that was stopped is not taken for one that ended.
  const draft = await mkdtemp(resolve(cacheFolder, "draft-"));
  try {
    const quiet = ["--quiet", "--no-input", "--disable-pip-version-check"];
    const what = ["--only-binary", ":all:", "--target", draft, "--requirement", requirementsFile];
    const pip = await runCommand("python3", ["-m", "pip", "install", ...quiet, ...what], {
      timeoutMs: installMs,
    });
    if (pip.ended !== "ok") throw new Error(cannot(pip));
    await rename(draft, folder);
    return folder;
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
}

function cannot(result: Exclude<CommandResult, { ended: "ok" }>): string {
  return `Schemathesis, which this test needs, cannot be installed: ${reasonOf(result)}.`;
}

function reasonOf(result: Exclude<CommandResult, { ended: "ok" }>): string {
  if (result.ended === "missing") return "python3 was not found on PATH; install Python 3.10 or newer";
  if (result.ended === "timeout") return `python3 did not finish within ${result.seconds} s`;
  if (/No module named pip/.test(result.stderr)) return "python3 has no pip; install python3-pip";
  const lines = result.stderr.trim().split("\n");
  return (lines.findLast((line) => line.startsWith("ERROR:")) ?? lines.at(-1) ?? "").trim();
}

function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

export interface SchemathesisRun {
  /** The folder that `installSchemathesis` answered. */
  readonly packages: string;
  /** A folder of its own, for its settings and what it remembers. */
  readonly workspace: string;
  /** Path of the OpenAPI document. */
  readonly document: string;
  readonly apiUrl: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Values that path parameters get instead of made-up ones, by path and parameter. */
  readonly parameters: Readonly<Record<string, Readonly<Record<string, string>>>>;
  /** operationIds whose values at the limits are not tried in every combination. */
  readonly uncombined: readonly string[];
  /** operationIds that may answer 503, as they depend on what the caller names. */
  readonly unavailable: readonly string[];
  /** Only the operations of this tag. */
  readonly tag: string;
  /** operationIds that are not tried. */
  readonly without: readonly string[];
  readonly seed: number;
  /** Requests made up at random for each operation, beside those that its schemas suggest. */
  readonly examples: number;
}

export interface SchemathesisReport {
  readonly passed: boolean;
  /** Operations that were tried. */
  readonly tested: number;
  /** Everything it printed: each finding with a curl command that shows it again. */
  readonly text: string;
}

/** Tries every operation of a tag. @throws Error when it could not run, or did not end in time */
export async function runSchemathesis(run: SchemathesisRun): Promise<SchemathesisReport> {
  await writeFile(join(run.workspace, "schemathesis.toml"), settingsOf(run));
  const options = [
    ...["--checks", checks.join(",")],
    ...["--phases", "examples,coverage,fuzzing"],
    ...["--max-examples", String(run.examples)],
    ...["--seed", String(run.seed)],
    ...["--include-tag", run.tag],
    ...run.without.flatMap((id) => ["--exclude-operation-id", id]),
    // More than the API's own limit, so that a request that takes too long is told by the API.
    ...["--request-timeout", "60"],
    ...["--workers", "1", "--no-color", "--continue-on-failure"],
    ...["--generation-database", "none", "--suppress-health-check", "all", "--warnings", "off"],
  ];
  const result = await runCommand(
    "python3",
    ["-m", "schemathesis.cli", "run", run.document, "--url", run.apiUrl, ...options],
    { timeoutMs: runMs, cwd: run.workspace, environment: { PYTHONPATH: run.packages } },
  );
  if (result.ended === "missing") throw new Error("python3 was not found on PATH.");
  if (result.ended === "timeout")
    throw new Error(`Schemathesis did not end within ${result.seconds} s for "${run.tag}".`);
  const text = result.ended === "ok" ? result.stdout : `${result.stdout}\n${result.stderr}`;
  await writeFile(join(run.workspace, `${run.tag}.txt`), text);
  const [, tested = "0"] = /^\s*Tested: (\d+)$/m.exec(text) ?? [];
  return { passed: result.ended === "ok", tested: Number(tested), text };
}

/** Its settings file. A JSON string is a TOML string too. */
function settingsOf({ headers, parameters, uncombined, unavailable }: SchemathesisRun): string {
  const table = (values: Readonly<Record<string, string>>): string =>
    `{ ${Object.entries(values)
      .map(([name, value]) => `${JSON.stringify(name)} = ${JSON.stringify(value)}`)
      .join(", ")} }`;
  const operations = Object.entries(parameters).map(
    ([path, values]) =>
      `[[operations]]\ninclude-path = ${JSON.stringify(path)}\nparameters = ${table(values)}\n`,
  );
  const about = (ids: readonly string[], setting: string): string[] =>
    ids.map((id) => `[[operations]]\ninclude-operation-id = ${JSON.stringify(id)}\n${setting}\n`);
  return [
    `headers = ${table(headers)}\n`,
    ...operations,
    ...about(uncombined, "phases.coverage.enabled = false"),
    ...about(unavailable, 'checks.not_a_server_error.expected-statuses = ["2xx", "4xx", "503"]'),
  ].join("\n");
}
