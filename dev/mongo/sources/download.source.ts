import { rm } from "node:fs/promises";
import { arch, platform } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import { MongoBinary } from "mongodb-memory-server-core";
import { MongoBinaryDownloadUrl } from "mongodb-memory-server-core/lib/util/MongoBinaryDownloadUrl";
import { cacheWorkspace, putInCache } from "../mongod.cache";
import type { MongodSource } from "./mongod.source";

/** The server that is downloaded where there is no packaged one (macOS, Windows, arm64). */
export const DOWNLOAD_VERSION = "8.2.6";

const ANSWER_LIMIT_MS = 5_000;
const DOWNLOAD_LIMIT_MS = 5 * 60_000;

function reason(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const cause = error.cause instanceof Error ? `: ${error.cause.message}` : "";
  return `${error.message.split("\n")[0] ?? ""}${cause}`;
}

/** Asks for the archive's headers first: offline, the library itself would retry for minutes. */
async function archiveProblem(): Promise<string | undefined> {
  try {
    const address = new MongoBinaryDownloadUrl({
      version: DOWNLOAD_VERSION,
      platform: platform(),
      arch: arch(),
    });
    const answer = await fetch(await address.getDownloadUrl(), {
      method: "HEAD",
      signal: AbortSignal.timeout(ANSWER_LIMIT_MS),
    });
    return answer.ok ? undefined : `the download server answered ${answer.status}`;
  } catch (error) {
    return `the download server was not reached within ${ANSWER_LIMIT_MS / 1000} s (${reason(error)})`;
  }
}

/** MongoDB's own archive for this platform, by mongodb-memory-server (its MONGOMS_DOWNLOAD_MIRROR applies). */
export const downloadSource: MongodSource = {
  title: `mongod ${DOWNLOAD_VERSION} from MongoDB's download server`,
  async find({ cacheDir, log }) {
    const problem = await archiveProblem();
    if (problem !== undefined) return { unavailable: problem };
    log(`Downloading mongod ${DOWNLOAD_VERSION} once (kept in ${cacheDir}) ...`);
    const workspace = await cacheWorkspace(cacheDir);
    try {
      const tooLong = new AbortController();
      const binary = await Promise.race([
        MongoBinary.getPath({ version: DOWNLOAD_VERSION, downloadDir: workspace, checkMD5: true }),
        sleep(DOWNLOAD_LIMIT_MS, undefined, { signal: tooLong.signal }),
      ]).finally(() => tooLong.abort());
      if (binary === undefined)
        return { unavailable: `the download took longer than ${DOWNLOAD_LIMIT_MS / 60_000} minutes` };
      const entry = await putInCache(cacheDir, DOWNLOAD_VERSION, binary);
      if (entry.state === "present")
        return { source: "download", binary: entry.binary, version: entry.version };
      return { unavailable: entry.state === "damaged" ? entry.why : "it could not be stored" };
    } catch (error) {
      return { unavailable: `the download failed (${reason(error)})` };
    } finally {
      await rm(workspace, { recursive: true, force: true });
    }
  },
};
