import { MongoMemoryServer } from "mongodb-memory-server-core";
import { mongo } from "mongoose";

/**
 * Writes new ports into the stored configuration of a set that is not running. A replica set refuses to elect when none
 * of its stored addresses is its own; the documented way is to start each member alone and change its
 * `local.system.replset` (MongoDB manual, "Change Hostnames in a Self-Managed Replica Set").
 */
export async function moveMembers(
  binary: { systemBinary: string; version: string },
  dbPaths: readonly string[],
  ports: readonly number[],
): Promise<void> {
  for (const dbPath of dbPaths) {
    const alone = await MongoMemoryServer.create({
      binary,
      instance: { dbPath, storageEngine: "wiredTiger" },
      spawn: { detached: true },
    });
    const client = new mongo.MongoClient(alone.getUri(), { directConnection: true });
    try {
      const changes = Object.fromEntries(
        ports.map((to, index) => [`members.${index}.host`, `127.0.0.1:${to}`]),
      );
      await client.db("local").collection("system.replset").updateMany({}, { $set: changes });
    } finally {
      await client.close();
      await alone.stop({ doCleanup: false });
    }
  }
}
