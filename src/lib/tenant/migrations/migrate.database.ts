/** Brings one tenant's database to what this version of the code declares. */
import type { Connection } from "mongoose";
import type { ClientCode } from "../../../contracts/common.contract";
import { crmSchemas } from "../../../model/saas";
import { type IndexChanges, syncIndexes } from "../../db/sync.indexes";
import { AppError } from "../../errors/app.error";
import { failpoint } from "../../failpoint/failpoint";
import { claimDatabase, migrationsCollection } from "../tenant.owner";
import { tenantMigrations } from "./index";
import { type Migration, migrationChecksum } from "./migration";
import { withMigrationLock } from "./migration.lock";

/** What is recorded in the tenant's database for each migration. */
interface MigrationRow {
  _id: string;
  checksum: string;
  stepsDone: number;
  startedAt: Date;
  finishedAt: Date | null;
}

export interface MigrateOptions {
  /** Also drop and replace indexes that are no longer declared so: when no older version runs any more. */
  readonly contract?: boolean;
  readonly migrations?: readonly Migration[];
  readonly leaseMs?: number;
  readonly waitMs?: number;
}

export interface MigrationReport {
  /** Ids of all migrations that this database has. */
  readonly applied: string[];
  /** Those that this run did or finished. */
  readonly ran: string[];
  readonly indexes: IndexChanges;
}

/**
 * Runs the migrations that this database lacks, going on at the step where a killed run stopped, then makes its
 * indexes what the schemas declare. Run again it changes nothing.
 * @throws AppError conflict when a migration was edited after it ran, the database is ahead of this code or another
 *   tenant's, another run holds the lock, or an index changed under its name and `contract` is not set. Nothing that
 *   the message does not speak of is changed then.
 */
export async function migrateDatabase(
  connection: Connection,
  clientCode: ClientCode,
  options: MigrateOptions = {},
): Promise<MigrationReport> {
  const { migrations = tenantMigrations, contract = false, leaseMs = 10_000, waitMs = 30_000 } = options;
  await claimDatabase(connection, clientCode);
  return withMigrationLock(connection, { leaseMs, waitMs }, async (lock) => {
    const rows = connection.collection<MigrationRow>(migrationsCollection);
    const recorded = new Map(
      (await rows.find({ checksum: { $exists: true } }).toArray()).map((row) => [row._id, row]),
    );
    refuseDisagreement(migrations, recorded);

    const ran: string[] = [];
    for (const migration of migrations) {
      const before = recorded.get(migration.id);
      if (before?.finishedAt) continue;
      await lock.confirm();
      await rows.updateOne(
        { _id: migration.id },
        {
          $setOnInsert: {
            checksum: migrationChecksum(migration),
            stepsDone: 0,
            startedAt: new Date(),
            finishedAt: null,
          },
        },
        { upsert: true },
      );
      for (const [index, step] of migration.steps.entries()) {
        if (index < (before?.stepsDone ?? 0)) continue;
        await step.run(connection);
        failpoint("during-migration");
        await lock.confirm();
        await rows.updateOne({ _id: migration.id }, { $set: { stepsDone: index + 1 } });
      }
      await rows.updateOne({ _id: migration.id }, { $set: { finishedAt: new Date() } });
      ran.push(migration.id);
    }
    const indexes = await syncIndexes(connection, crmSchemas, { contract });
    return { applied: migrations.map(({ id }) => id), ran, indexes };
  });
}

function refuseDisagreement(
  migrations: readonly Migration[],
  recorded: ReadonlyMap<string, MigrationRow>,
): void {
  const known = new Map(migrations.map((migration) => [migration.id, migrationChecksum(migration)]));
  for (const [id, row] of recorded) {
    const checksum = known.get(id);
    if (checksum === undefined)
      throw new AppError(
        "conflict",
        `The database has the migration ${id}, which this version does not know. Deploy the newer version first.`,
      );
    if (checksum !== row.checksum)
      throw new AppError(
        "conflict",
        `The migration ${id} was edited after it ran here. Restore it, and put the change into a new migration.`,
      );
  }
}
