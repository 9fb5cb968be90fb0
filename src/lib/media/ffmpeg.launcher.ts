import { existsSync, rmSync } from "node:fs";
import { access, constants, mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Ceilings of one ffmpeg process that hold even if our own time limit cannot, e.g. when we were killed. */
export const processCeilings = {
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

const launchers = new Map<string, Promise<string>>();

/**
 * Path of the launcher for a binary: written once per process into a private temporary directory, which is removed
 * when the process ends. Written again should somebody have cleaned the temporary directory.
 */
export async function launcherFor(binaryPath: string): Promise<string> {
  const existing = await launchers.get(binaryPath);
  if (existing && (await isExecutable(existing))) return existing;
  const written = writeLauncher(launcherScript(binaryPath, findTools()));
  launchers.set(binaryPath, written);
  return written;
}

async function writeLauncher(script: string): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), "ecod-ffmpeg-"));
  process.once("exit", () => rmSync(directory, { recursive: true, force: true }));
  const path = join(directory, "ffmpeg");
  await writeFile(path, script, { mode: 0o500 });
  return path;
}

function findTools(): LauncherTools {
  const find = (name: string) =>
    [`/usr/bin/${name}`, `/bin/${name}`].find((path) => existsSync(path)) ?? null;
  return { env: find("env") ?? "/usr/bin/env", setsid: find("setsid"), prlimit: find("prlimit") };
}

async function isExecutable(path: string): Promise<boolean> {
  return access(path, constants.X_OK).then(
    () => true,
    () => false,
  );
}

/** As one word of sh. */
function quote(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
