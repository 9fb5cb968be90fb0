import { copyFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { cacheWorkspace, putInCache } from "../mongod.cache";
import type { Mongod, MongodSource, SourceContext, Unavailable } from "./mongod.source";

/** The server that is downloaded where there is no packaged one (macOS, Windows, arm64). */
export const DOWNLOAD_VERSION = "8.2.6";

const ANSWER_LIMIT_MS = 5_000;
const DOWNLOAD_LIMIT_MS = 5 * 60_000;

function reason(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const cause = error.cause instanceof Error ? `: ${error.cause.message}` : "";
  return `${error.message.split("\n")[0] ?? ""}${cause}`;
}

/** The library is loaded when it is needed, which it is not where any other source has a server. */
const library = () => import("mongodb-memory-server-core");

/** Asks for the archive's headers: offline, the library itself would retry for minutes. */
async function archiveProblem(workspace: string): Promise<string | undefined> {
  const { DryMongoBinary } = await library();
  const { MongoBinaryDownloadUrl } = await import(
    "mongodb-memory-server-core/lib/util/MongoBinaryDownloadUrl"
  );
  const options = await DryMongoBinary.generateOptions({ version: DOWNLOAD_VERSION, downloadDir: workspace });
  const address = await new MongoBinaryDownloadUrl(options).getDownloadUrl();
  try {
    const answer = await fetch(address, { method: "HEAD", signal: AbortSignal.timeout(ANSWER_LIMIT_MS) });
    return answer.ok ? undefined : `the download server answered ${answer.status}`;
  } catch (error) {
    return `the download server did not answer within ${ANSWER_LIMIT_MS / 1000} s (${reason(error)})`;
  }
}

async function download(workspace: string): Promise<string | Unavailable> {
  const { MongoBinary } = await library();
  const ended = new AbortController();
  const binary = await Promise.race([
    MongoBinary.getPath({ version: DOWNLOAD_VERSION, downloadDir: workspace, checkMD5: true }),
    sleep(DOWNLOAD_LIMIT_MS, undefined, { signal: ended.signal }),
  ]).finally(() => ended.abort());
  return binary ?? { unavailable: `the download took longer than ${DOWNLOAD_LIMIT_MS / 60_000} minutes` };
}

async function findIn(workspace: string, { cacheDir, log }: SourceContext): Promise<Mongod | Unavailable> {
  const { DryMongoBinary } = await library();
  const options = { version: DOWNLOAD_VERSION, downloadDir: workspace };
  let binary: string | Unavailable | undefined = await DryMongoBinary.locateBinary(options);
  if (binary === undefined) {
    const problem = await archiveProblem(workspace);
    if (problem !== undefined) return { unavailable: problem };
    log(`Downloading mongod ${DOWNLOAD_VERSION} once (kept in ${cacheDir}) ...`);
    binary = await download(workspace);
  }
  if (typeof binary !== "string") return binary;
  const copy = join(workspace, "mongod");
  await copyFile(binary, copy); // the library may know one from elsewhere, which is not ours to move
  const entry = await putInCache(cacheDir, DOWNLOAD_VERSION, copy);
  if (entry.state === "present") return { source: "download", binary: entry.binary, version: entry.version };
  return { unavailable: entry.state === "damaged" ? entry.why : "it could not be stored" };
}

/** MongoDB's own archive for this platform, by mongodb-memory-server (its MONGOMS_DOWNLOAD_MIRROR applies). */
export const downloadSource: MongodSource = {
  title: `mongod ${DOWNLOAD_VERSION} from MongoDB's download server`,
  async find(context) {
    const workspace = await cacheWorkspace(context.cacheDir);
    try {
      return await findIn(workspace, context);
    } catch (error) {
      return { unavailable: `it cannot be downloaded (${reason(error)})` };
    } finally {
      await rm(workspace, { recursive: true, force: true });
    }
  },
};
