import { mkdtemp, readdir, rm, stat, statfs } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { MediaToolError } from "./media.errors";

const prefix = "ecod-media-";

/** No job works longer than a Lambda lives (15 min), so an older directory is what a killed process left behind. */
const abandonedAfterMs = 20 * 60_000;

let sweptOnce: Promise<void> | undefined;

/**
 * Runs `work` with a directory of its own under the system's temporary one: mode 0700, wiped afterwards however the
 * work ends. At the first call of a process, directories that killed processes left are wiped too.
 *
 * @param inputBytes size of what will be converted; three times as much must be free
 * @throws MediaToolError when the disk has too little room
 */
export async function withPrivateDirectory<T>(
  inputBytes: number,
  work: (directory: string) => Promise<T>,
): Promise<T> {
  sweptOnce ??= sweepAbandoned();
  await sweptOnce;
  const disk = await statfs(tmpdir());
  if (disk.bavail * disk.bsize < inputBytes * 3) {
    throw new MediaToolError(
      `Not enough room in the temporary directory: converting ${inputBytes} bytes needs three times as many free.`,
    );
  }
  const directory = await mkdtemp(join(tmpdir(), prefix));
  try {
    return await work(directory);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

async function sweepAbandoned(): Promise<void> {
  for (const name of await readdir(tmpdir())) {
    if (!name.startsWith(prefix)) continue;
    const path = join(tmpdir(), name);
    const found = await stat(path).catch(() => null); // gone meanwhile: its owner wiped it
    if (found && found.uid === process.getuid?.() && Date.now() - found.mtimeMs > abandonedAfterMs) {
      await rm(path, { recursive: true, force: true });
    }
  }
}
