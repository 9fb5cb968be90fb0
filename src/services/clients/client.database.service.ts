/** A client's database: moved to other credentials or another place, and brought to what this version declares. */
import { trusted } from "mongoose";
import type { ClientView, MigrationReportView, RotateUri } from "../../contracts/client.contract";
import type { PlatformContext } from "../../lib/context/tenant.context";
import { sealSecret } from "../../lib/crypto/secret.box";
import { clusterPool } from "../../lib/db/cluster.pool";
import { isDuplicateKey } from "../../lib/db/duplicate.key";
import { getCentralModels } from "../../lib/db/get.central.models";
import { isLocalStage } from "../../lib/env/env";
import { AppError } from "../../lib/errors/app.error";
import { type MigrateOptions, migrateDatabase } from "../../lib/tenant/migrations/migrate.database";
import { acquireTenantDatabase } from "../../lib/tenant/open.tenant.database";
import { readOwner } from "../../lib/tenant/tenant.owner";
import { expireTenant } from "../../lib/tenant/tenant.registry";
import { databasePlace, dataSourcePlace, readTenantSource } from "../../lib/tenant/tenant.source";
import { admitToClient } from "./platform.gate";
import { getClient } from "./read.client.service";

const atOnce = 4;

/**
 * Gives a client other credentials or another place. The new place must answer and hold this client's data already
 * (for a move: copy it first, with the client suspended). Used everywhere within 30 s, with no failed request as long
 * as the old credentials work that long.
 * @throws AppError not-found, tenant-database-unavailable when the new place does not answer, conflict when it does not
 *   hold this client's data.
 */
export async function rotateUri(ctx: PlatformContext, code: string, input: RotateUri): Promise<ClientView> {
  const clientCode = await admitToClient(ctx, code, {
    action: "client.uri.rotate",
    detail: input.dbName === undefined ? {} : { dbName: input.dbName },
  });
  const { uri } = input;
  const before = await readTenantSource(clientCode);
  const dbName = input.dbName ?? before.dbName;
  const handle = await acquireTenantDatabase(clusterPool(), { uri, dbName });
  try {
    if ((await readOwner(handle.connection)) !== clientCode)
      throw new AppError(
        "conflict",
        "The database there does not hold this client's data. Nothing was changed. For a move, suspend the client and copy its database first.",
      );
    const { ClientDataSource } = await getCentralModels();
    await ClientDataSource.updateOne(
      { clientCode },
      {
        $set: {
          uriEnvelope: sealSecret(dataSourcePlace(clientCode), uri),
          dbName,
          place: databasePlace(uri, dbName),
          updatedAt: ctx.now(),
        },
        $inc: { version: 1 },
      },
    );
  } catch (error) {
    if (!isDuplicateKey(error, "place")) throw error;
    throw new AppError("conflict", "This database belongs to another client.", { cause: error });
  } finally {
    await handle.release();
  }
  expireTenant(clientCode);
  return getClient(clientCode);
}

/**
 * Runs what a client's database lacks of migrations and indexes. Repeating it changes nothing.
 * @param contract also drops and replaces indexes that are no longer declared so; always in stage local.
 * @throws AppError not-found, tenant-database-unavailable, conflict (another client's database, or an index or
 *   migration changed in place, or another run holds the lock).
 */
export async function migrateClient(
  ctx: PlatformContext,
  code: string,
  options: Pick<MigrateOptions, "contract"> = {},
): Promise<MigrationReportView> {
  const contract = options.contract ?? isLocalStage();
  const clientCode = await admitToClient(ctx, code, { action: "client.migrate", detail: { contract } });
  const database = await acquireTenantDatabase(clusterPool(), await readTenantSource(clientCode));
  try {
    const { applied, ran, indexes } = await migrateDatabase(database.connection, clientCode, { contract });
    const { ClientDataSource } = await getCentralModels();
    await ClientDataSource.updateOne(
      { clientCode, migrated: trusted({ $ne: applied }) },
      { $set: { migrated: applied, updatedAt: ctx.now() } },
    );
    return {
      clientCode,
      applied,
      ran,
      indexesCreated: indexes.created,
      indexesDropped: indexes.dropped,
      indexesSurplus: indexes.surplus,
    };
  } finally {
    await database.release();
  }
}

/** What became of one client in a run over all. */
export type MigrationOutcome =
  | { readonly clientCode: string; readonly report: MigrationReportView }
  | { readonly clientCode: string; readonly error: unknown };

/** Migrates every client, four at once; one that fails does not stop the others. `heard` is told of each as it ends. */
export async function migrateEveryClient(
  ctx: PlatformContext,
  options: Pick<MigrateOptions, "contract">,
  heard: (outcome: MigrationOutcome) => void,
): Promise<void> {
  const { Client } = await getCentralModels();
  const clients = await Client.find({ status: trusted({ $in: ["active", "suspended"] }) }, { clientCode: 1 })
    .sort({ clientCode: 1 })
    .lean();
  const next = clients[Symbol.iterator]();
  const worker = async (): Promise<void> => {
    for (const { clientCode } of next) {
      heard(
        await migrateClient(ctx, clientCode, options).then(
          (report) => ({ clientCode, report }),
          (error: unknown) => ({ clientCode, error }),
        ),
      );
    }
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
}
