/**
 * The folder that keeps a fetched mongod: `<cacheDir>/mongod/<version>/` with the binary and its checksum. An entry
 * appears by one rename, so it is whole or not there, and is checked by its checksum whenever it is used.
 */
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { chmod, mkdir, mkdtemp, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import * as z from "zod";
import { mongodVersion } from "./mongod.version";

const aboutSchema = z.object({ version: z.string(), sha256: z.string().regex(/^[0-9a-f]{64}$/) });

/** What the cache knows of a version. `damaged` says what is wrong with an entry that must not be run. */
export type CacheEntry =
  | { state: "present"; binary: string; version: string }
  | { state: "absent" }
  | { state: "damaged"; why: string };

/** SHA-256 of a file, in hex. */
export async function fileChecksum(path: string): Promise<string> {
  const hash = createHash("sha256");
  await pipeline(createReadStream(path, { highWaterMark: 1 << 20 }), hash);
  return hash.digest("hex");
}

/** The folder of one version. */
export function cacheFolder(cacheDir: string, version: string): string {
  return join(cacheDir, "mongod", version);
}

/** Looks a version up and checks it against the checksum that was recorded when it was put in. */
export async function readCache(cacheDir: string, version: string): Promise<CacheEntry> {
  const folder = cacheFolder(cacheDir, version);
  const binary = join(folder, "mongod");
  const about = await readFile(join(folder, "about.json"), "utf8").catch(() => undefined);
  if (about === undefined) return { state: "absent" };
  const recorded = aboutSchema.safeParse(parseJson(about));
  if (!recorded.success) return { state: "damaged", why: `${folder}/about.json is not readable` };
  const found = await fileChecksum(binary).catch(() => "no file");
  if (found !== recorded.data.sha256)
    return { state: "damaged", why: `${binary} no longer has the checksum it was stored with` };
  return { state: "present", binary, version: recorded.data.version };
}

/** A private folder inside the cache, on its file system, so that what it holds can be renamed into place. */
export async function cacheWorkspace(cacheDir: string): Promise<string> {
  await mkdir(join(cacheDir, "mongod"), { recursive: true });
  return mkdtemp(join(cacheDir, "mongod", "fetching-"));
}

/**
 * Moves a freshly fetched binary into the cache and answers with it, or with the reason why this machine cannot run it.
 * @param binary a file inside a cacheWorkspace()
 */
export async function putInCache(cacheDir: string, version: string, binary: string): Promise<CacheEntry> {
  await chmod(binary, 0o755);
  const checked = await mongodVersion(binary);
  if (!checked.usable) return { state: "damaged", why: checked.why };
  const about = { version: checked.version, sha256: await fileChecksum(binary) };
  const ready = await cacheWorkspace(cacheDir);
  await rename(binary, join(ready, "mongod"));
  await writeFile(join(ready, "about.json"), JSON.stringify(about));
  const folder = cacheFolder(cacheDir, version);
  await rm(folder, { recursive: true, force: true });
  await rename(ready, folder);
  return { state: "present", binary: join(folder, "mongod"), version: checked.version };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // the schema refuses it with a reason
  }
}
