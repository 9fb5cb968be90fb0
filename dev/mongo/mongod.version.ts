import { runCommand } from "./run.command";

/** The oldest server whose features the code relies on. */
export const OLDEST_MAJOR = 6;

/** Whether a mongod executable can be used here, as its own `--version` tells. */
export type MongodVersion = { usable: true; version: string } | { usable: false; why: string };

/** Runs `mongod --version`, which also shows whether the machine has the libraries that the binary needs. */
export async function mongodVersion(binary: string): Promise<MongodVersion> {
  const result = await runCommand(binary, ["--version"], { timeoutMs: 15_000 });
  if (result.ended === "missing") return { usable: false, why: `${binary} does not exist` };
  if (result.ended === "timeout")
    return { usable: false, why: `${binary} did not answer within ${result.seconds} s` };
  if (result.ended === "failed") {
    const firstLine = result.stderr.trim().split("\n")[0] ?? "";
    return { usable: false, why: `${binary} does not run here (${firstLine || `code ${result.code}`})` };
  }
  const version = /db version v(\d+\.\d+\.\d+)/.exec(result.stdout)?.[1];
  if (version === undefined)
    return { usable: false, why: `${binary} is not a mongod (it prints no "db version")` };
  if (Number.parseInt(version, 10) < OLDEST_MAJOR)
    return { usable: false, why: `${binary} is mongod ${version}; ${OLDEST_MAJOR}.0 or newer is needed` };
  return { usable: true, version };
}
