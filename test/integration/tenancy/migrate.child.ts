/** Migrates the database named by its argument, in a process that the fail-point of its environment kills. */
import { clientCodeSchema } from "../../../src/contracts/common.contract";
import { clusterPool } from "../../../src/lib/db/cluster.pool";
import { env } from "../../../src/lib/env/env";
import { migrateDatabase } from "../../../src/lib/tenant/migrations/migrate.database";

async function main(): Promise<void> {
  const database = await clusterPool().acquire(env().MONGODB_URI, process.argv[2] ?? "");
  await migrateDatabase(database.connection, clientCodeSchema.parse("acme"), { leaseMs: 1_500 });
}

main().catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
