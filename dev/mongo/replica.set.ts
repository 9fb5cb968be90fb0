import { closeDataFolder, type DataFolder, noteStart, openDataFolder } from "./data.folder";
import { FixedPortSet } from "./fixed.port.set";
import { MongoSetupError } from "./mongo.error";
import { moveMembers } from "./moved.members";
import { choosePorts } from "./ports";
import type { Mongod } from "./sources/mongod.source";

/**
 * What mongod is told besides its port and folder: small files, little memory, and an end that takes no 15 s. Files of
 * collections and indexes that nobody used for a few seconds are closed: each tenant has some two hundred of them, and
 * mongod ends itself when a process may open no more.
 */
const MONGOD_ARGUMENTS = [
  "--wiredTigerEngineConfigString",
  "file_manager=(close_idle_time=5,close_scan_interval=2,close_handle_minimum=250)",
  "--oplogSize",
  "512",
  "--wiredTigerCacheSizeGB",
  "1",
  "--setParameter",
  "diagnosticDataCollectionEnabled=false",
  "--setParameter",
  "shutdownTimeoutMillisForSignaledShutdown=100",
];

/** A running replica set on this machine. */
export interface ReplicaSet {
  uri: string;
  ports: number[];
  folder: string;
  pid: number | undefined;
  stop(): Promise<void>;
}

async function startSet(mongod: Mongod, folder: DataFolder, ports: number[]): Promise<FixedPortSet> {
  const binary = { systemBinary: mongod.binary, version: mongod.version };
  const moved = folder.lastPorts.length > 0 && ports.join() !== folder.lastPorts.join();
  if (moved) await moveMembers(binary, folder.members, ports);
  await noteStart(folder, ports);
  const set = new FixedPortSet({
    binary,
    instanceOpts: folder.members.map((dbPath, index) => ({ dbPath, port: ports[index] })),
    replSet: {
      name: "ecod",
      count: folder.members.length,
      storageEngine: "wiredTiger",
      args: MONGOD_ARGUMENTS,
      // A process group of its own: Ctrl-C reaches us, and we end it after what still writes to it.
      spawn: { detached: true },
    },
  });
  await set.start();
  return set;
}

/**
 * Starts a replica set of `members` nodes on 127.0.0.1 and waits until it takes writes.
 * @throws MongoSetupError for a taken port, a data folder in use, or a mongod that does not come up.
 */
export async function runReplicaSet(
  mongod: Mongod,
  options: { dataDir?: string | undefined; port?: number | undefined; members: number },
): Promise<ReplicaSet> {
  const folder = await openDataFolder(options.dataDir, options.members);
  try {
    const ports = await choosePorts(options.members, options.port, folder.lastPorts);
    const set = await startSet(mongod, folder, ports);
    return {
      uri: set.getUri(),
      ports,
      folder: folder.path,
      pid: set.servers[0]?.instanceInfo?.instance.mongodProcess?.pid,
      async stop() {
        await set.stop({ doCleanup: false });
        await closeDataFolder(folder);
      },
    };
  } catch (error) {
    await closeDataFolder(folder);
    if (error instanceof MongoSetupError) throw error;
    const said = error instanceof Error ? error.message : String(error);
    const why = said.replace(/(\\n|\s)+/g, " ").replace(/[\s"}]+(\)?)\.?$/, "$1");
    throw new MongoSetupError(
      `mongod ${mongod.version} (${mongod.binary}) did not start in ${folder.path}: ${why}. If the data there is broken or of a newer version, start with a fresh folder; else choose another server with MONGODB_URI or MONGOD_BINARY.`,
      { cause: error },
    );
  }
}
