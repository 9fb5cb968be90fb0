import { access, constants } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { processEnvironment, toolingEnvironment } from "../../../src/lib/env/env";
import { MongoSetupError } from "../mongo.error";
import { mongodVersion } from "../mongod.version";
import type { MongodSource } from "./mongod.source";

const executableName = process.platform === "win32" ? "mongod.exe" : "mongod";

async function mongodOnPath(): Promise<string | undefined> {
  const folders = (processEnvironment().PATH ?? "").split(delimiter).filter((folder) => folder !== "");
  for (const folder of folders) {
    const candidate = join(folder, executableName);
    const found = await access(candidate, constants.X_OK).then(
      () => true,
      () => false,
    );
    if (found) return candidate;
  }
  return undefined;
}

/** MONGOD_BINARY, which must work when it is set; else the first mongod on PATH, which is passed over when too old. */
export const pathSource: MongodSource = {
  title: "MONGOD_BINARY or a mongod on PATH",
  async find() {
    const chosen = toolingEnvironment().MONGOD_BINARY;
    const binary = chosen || (await mongodOnPath());
    if (binary === undefined)
      return { unavailable: "MONGOD_BINARY is not set and there is no mongod on PATH" };
    const checked = await mongodVersion(binary);
    if (checked.usable) return { source: "path", binary, version: checked.version };
    if (chosen)
      throw new MongoSetupError(
        `MONGOD_BINARY cannot be used: ${checked.why}. Point it at a mongod executable, or unset it.`,
      );
    return { unavailable: checked.why };
  },
};
