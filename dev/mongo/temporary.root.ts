import { statfs } from "node:fs/promises";
import { tmpdir } from "node:os";

const MEMORY = "/dev/shm";
const TMPFS_MAGIC = 0x01021994;
const ENOUGH_BYTES = 4 * 1024 ** 3;

/**
 * Where throw-away data goes: into memory where there is plenty (a new database is a hundred small files, each synced
 * to the disk, which makes tests several times slower), else the system's folder for temporary files.
 */
export async function temporaryRoot(): Promise<string> {
  const memory = await statfs(MEMORY).catch(() => undefined); // not every system has it
  const enough = memory?.type === TMPFS_MAGIC && memory.bavail * memory.bsize >= ENOUGH_BYTES;
  return enough ? MEMORY : tmpdir();
}
