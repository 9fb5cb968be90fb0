import { execFile } from "node:child_process";
import { promisify } from "node:util";

/** Command lines of the processes that name one of these words, e.g. a folder or a port, besides this one. */
export async function runningWith(...words: readonly string[]): Promise<string[]> {
  const { stdout } = await promisify(execFile)("ps", ["-eo", "pid=,args="], { maxBuffer: 16 * 1024 * 1024 });
  return stdout
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => Number.parseInt(line, 10) !== process.pid)
    .filter((line) => words.some((word) => line.includes(word)));
}
