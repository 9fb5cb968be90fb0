import { mkdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { isAlive } from "./process.alive";

const STALE_MS = 10 * 60_000;

async function isAbandoned(lock: string): Promise<boolean> {
  const taken = await stat(lock).catch(() => undefined);
  if (taken === undefined) return false;
  if (Date.now() - taken.mtimeMs > STALE_MS) return true;
  const owner = Number(await readFile(join(lock, "pid"), "utf8").catch(() => ""));
  return owner > 0 && !isAlive(owner);
}

async function take(lock: string): Promise<boolean> {
  try {
    await mkdir(lock);
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "EEXIST") return false;
    throw error;
  }
  await writeFile(join(lock, "pid"), String(process.pid));
  return true;
}

/**
 * Runs `work` while no other process does, so that two starts at once fetch only one mongod. The lock is a folder; it
 * is taken over when its owner died. Should two ever run side by side, each still works in a folder of its own and
 * the renames decide, so the lock saves a download and is not what keeps the cache whole.
 * @param whileWaiting called once when somebody else holds the lock
 */
export async function withCacheLock<Result>(
  cacheDir: string,
  whileWaiting: () => void,
  work: () => Promise<Result>,
): Promise<Result> {
  const lock = join(cacheDir, "mongod.lock");
  await mkdir(cacheDir, { recursive: true });
  for (let told = false; !(await take(lock)); ) {
    if (await isAbandoned(lock)) {
      await rm(lock, { recursive: true, force: true });
      continue;
    }
    if (!told) whileWaiting();
    told = true;
    await sleep(100);
  }
  try {
    return await work();
  } finally {
    await rm(lock, { recursive: true, force: true });
  }
}
