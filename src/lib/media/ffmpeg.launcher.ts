import { createHash, randomUUID } from "node:crypto";
import { existsSync } from "node:fs";
import { lstat, mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { MediaToolError } from "./media.errors";

/** Ceilings of one ffmpeg process that hold even if our own time limit cannot, e.g. when we were killed. */
const processCeilings = {
  memoryBytes: 2 * 1024 ** 3,
  cpuSeconds: 900,
  fileBytes: 256 * 1024 ** 2,
  openFiles: 64,
} as const;

/** Absolute paths of the programs that the launcher goes through; null where this system has none. */
export interface LauncherTools {
  readonly env: string;
  readonly setsid: string | null;
  readonly prlimit: string | null;
}

/**
 * The script between fluent-ffmpeg and ffmpeg. fluent-ffmpeg hands our environment, secrets and all, to its child;
 * this starts the real binary with an empty one, in a process group of its own (so that all of it can be killed) and
 * under ceilings. Every step is an `exec`, so the process id stays the same.
 */
export function launcherScript(binaryPath: string, tools: LauncherTools): string {
  const { memoryBytes, cpuSeconds, fileBytes, openFiles } = processCeilings;
  const chain = [
    `${quote(tools.env)} -i`,
    ...(tools.setsid ? [quote(tools.setsid)] : []),
    ...(tools.prlimit
      ? [
          `${quote(tools.prlimit)} --core=0 --as=${memoryBytes} --cpu=${cpuSeconds} --fsize=${fileBytes} --nofile=${openFiles}`,
        ]
      : []),
    quote(binaryPath),
  ];
  return `#!/bin/sh\nexec ${chain.join(" ")} "$@"\n`;
}

/**
 * Path of the launcher for a binary. It lies in a directory of ours under the temporary one, named after what is in
 * it, so that all processes share it and none has to clean up; it is written again should it be gone.
 * @throws MediaToolError when somebody else owns that directory
 */
export async function launcherFor(binaryPath: string): Promise<string> {
  const script = launcherScript(binaryPath, findTools());
  const uid = process.getuid?.() ?? 0;
  const name = createHash("sha256").update(script).digest("hex").slice(0, 16);
  const directory = join(tmpdir(), `ecod-ffmpeg-${uid}-${name}`);
  const path = join(directory, "ffmpeg");
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const owned = await lstat(directory);
  if (!owned.isDirectory() || owned.uid !== uid || (owned.mode & 0o077) !== 0) {
    throw new MediaToolError(`${directory} is not a private directory of ours. Remove it.`);
  }
  if ((await readFile(path, "utf8").catch(() => null)) !== script) {
    const written = `${path}.${randomUUID()}`;
    await writeFile(written, script, { mode: 0o500 });
    await rename(written, path);
  }
  return path;
}

function findTools(): LauncherTools {
  const find = (name: string) =>
    [`/usr/bin/${name}`, `/bin/${name}`].find((path) => existsSync(path)) ?? null;
  return { env: find("env") ?? "/usr/bin/env", setsid: find("setsid"), prlimit: find("prlimit") };
}

/** As one word of sh. */
function quote(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
