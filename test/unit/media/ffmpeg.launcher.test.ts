import { execFile } from "node:child_process";
import { chmod, rm, stat } from "node:fs/promises";
import { dirname } from "node:path";
import { promisify } from "node:util";
import { launcherFor, launcherScript } from "../../../src/lib/media/ffmpeg.launcher";

const run = promisify(execFile);

describe("the launcher between fluent-ffmpeg and ffmpeg", () => {
  test("starts the binary with an empty environment, whatever ours holds", async () => {
    const launcher = await launcherFor("/usr/bin/env");
    const env = { ECOD_MASTER_KEY: "k1:secret", PATH: "/usr/bin" };
    expect((await run("/usr/bin/env", [], { env })).stdout).toContain("ECOD_MASTER_KEY");
    expect((await run(launcher, [], { env })).stdout).toBe("");
  });

  test("passes arguments on as they are, blanks and quotes included", async () => {
    const args = ["%s\\n", "a b", "c'd", '"$HOME"', "*"];
    const { stdout } = await run(await launcherFor("/usr/bin/printf"), args);
    expect(stdout).toBe(["a b", "c'd", '"$HOME"', "*", ""].join("\n"));
  });

  test("puts the binary into a process group of its own", async () => {
    const { stdout } = await run(await launcherFor("/bin/sh"), ["-c", "echo $$; ps -o pgid= -p $$"], {});
    const [pid, group] = stdout.trim().split(/\s+/);
    expect(group).toBe(pid);
  });

  test("lies in a directory that only we can enter, the same at each call", async () => {
    const launcher = await launcherFor("/usr/bin/env");
    expect((await stat(dirname(launcher))).mode & 0o777).toBe(0o700);
    expect((await stat(launcher)).mode & 0o777).toBe(0o500);
    expect(await launcherFor("/usr/bin/env")).toBe(launcher);
  });

  test("is written again when the temporary directory was cleaned", async () => {
    const launcher = await launcherFor("/usr/bin/env");
    await rm(dirname(launcher), { recursive: true });
    expect((await run(await launcherFor("/usr/bin/env"))).stdout).toBe("");
  });

  test("is not taken from a directory that others can write to", async () => {
    const directory = dirname(await launcherFor("/usr/bin/env"));
    await chmod(directory, 0o777);
    await expect(launcherFor("/usr/bin/env")).rejects.toThrow("not a private directory");
    await rm(directory, { recursive: true });
  });

  test("goes without the tools that a system lacks, and quotes odd paths", () => {
    const bare = launcherScript("/opt/it's/ffmpeg", { env: "/usr/bin/env", setsid: null, prlimit: null });
    expect(bare).toBe(`#!/bin/sh\nexec '/usr/bin/env' -i '/opt/it'\\''s/ffmpeg' "$@"\n`);
    const full = launcherScript("/f", { env: "/usr/bin/env", setsid: "/s", prlimit: "/p" });
    expect(full).toMatch(
      /^#!\/bin\/sh\nexec '\/usr\/bin\/env' -i '\/s' '\/p' --core=0 --as=\d+ --cpu=\d+ .*'\/f' "\$@"\n$/,
    );
  });
});
