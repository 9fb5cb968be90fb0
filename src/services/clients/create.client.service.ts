import type { ClientSession } from "mongoose";
import type { CreatedClient, NewClient } from "../../contracts/client.contract";
import type { PlatformContext } from "../../lib/context/tenant.context";
import { sealSecret } from "../../lib/crypto/secret.box";
import { inCentralTransaction } from "../../lib/db/central.connection";
import { clusterPool } from "../../lib/db/cluster.pool";
import { isDuplicateKey } from "../../lib/db/duplicate.key";
import { getCentralModels } from "../../lib/db/get.central.models";
import { env } from "../../lib/env/env";
import { AppError } from "../../lib/errors/app.error";
import { scopes as everyScope, type Scope } from "../../lib/http/define.route";
import { migrateDatabase } from "../../lib/tenant/migrations/migrate.database";
import { acquireTenantDatabase } from "../../lib/tenant/open.tenant.database";
import { setUpTenantSettings } from "../../lib/tenant/tenant.settings";
import { databasePlace, dataSourcePlace } from "../../lib/tenant/tenant.source";
import { setUpDefaultPipeline } from "../saas/crm/tenant.defaults";
import { newApiKey } from "./new.api.key";
import { admitToClient } from "./platform.gate";
import { getClient } from "./read.client.service";

const longestName = 63;

/** How far a creation is, for whoever waits: one short sentence each. */
export type Progress = (sentence: string) => void;

/**
 * Makes a client: its rows, its database with every index, its settings and its first key, which is shown once.
 * A creation that was cut off is finished by doing it again.
 * @param scopes what the first key may do; everything when absent.
 * @throws AppError duplicate when the code is taken, conflict when the database is another client's,
 *   tenant-database-unavailable when its cluster does not answer, validation-failed when the database's name is too long.
 */
export async function createClient(
  ctx: PlatformContext,
  input: NewClient,
  options: { scopes?: readonly Scope[]; progress?: Progress } = {},
): Promise<CreatedClient> {
  const { scopes = everyScope, progress = () => undefined } = options;
  const uri = input.uri ?? env().MONGODB_URI;
  const dbName = chooseDatabaseName(input);

  const database = await acquireTenantDatabase(clusterPool(), { uri, dbName });
  try {
    progress("The cluster answers.");
    await reserve(ctx, input, uri, dbName);
    const clientCode = await admitToClient(ctx, input.clientCode, {
      action: "client.create",
      detail: { dbName },
    });
    const { applied } = await migrateDatabase(database.connection, clientCode);
    await setUpTenantSettings(database.connection, { ...input, now: ctx.now() });
    await setUpDefaultPipeline(database.connection, { ...input, now: ctx.now() });
    progress(`The database ${dbName} is ready.`);

    const { row, shown } = newApiKey({ name: input.keyName, scopes, now: ctx.now() });
    await inCentralTransaction(async (session) => {
      const { Client, ClientDataSource } = await getCentralModels();
      await ClientDataSource.updateOne(
        { clientCode },
        { $set: { migrated: applied, updatedAt: ctx.now() } },
        { session },
      );
      const { matchedCount } = await Client.updateOne(
        { clientCode, status: "provisioning" },
        { $set: { status: "active", apiKeys: [row], updatedAt: ctx.now() }, $inc: { version: 1 } },
        { session },
      );
      if (matchedCount === 0) throw taken();
    });
    progress("The client is active.");
    return { client: await getClient(clientCode), apiKey: shown };
  } finally {
    await database.release();
  }
}

function chooseDatabaseName(input: NewClient): string {
  const dbName = input.dbName ?? `${env().ECOD_CENTRAL_DB}_t_${input.clientCode}`;
  if (dbName.length > longestName)
    throw new AppError(
      "validation-failed",
      "The database's name would be longer than MongoDB's 63 letters.",
      {
        errors: [{ pointer: "/dbName", code: "too_big", detail: "give a shorter name" }],
      },
    );
  if (dbName.toLowerCase() === env().ECOD_CENTRAL_DB.toLowerCase())
    throw new AppError("validation-failed", "A client's database cannot be the central one.", {
      errors: [{ pointer: "/dbName", code: "custom", detail: "is the central database's name" }],
    });
  return dbName;
}

/** Writes the client's rows, or takes up those of a creation that was cut off. */
async function reserve(ctx: PlatformContext, input: NewClient, uri: string, dbName: string): Promise<void> {
  const { Client } = await getCentralModels();
  const now = ctx.now();
  const begun = await Client.findOne({ clientCode: input.clientCode }, { status: 1 }).lean();
  if (begun && begun.status !== "provisioning") throw taken();
  try {
    await inCentralTransaction(async (session) => {
      await Client.updateOne(
        { clientCode: input.clientCode, status: "provisioning" },
        {
          $set: { name: input.name, updatedAt: now },
          $setOnInsert: { suspendedReason: null, suspendedAt: null, apiKeys: [], version: 1, createdAt: now },
        },
        { session, upsert: true },
      );
      await writeDataSource(input.clientCode, uri, dbName, now, session);
    });
  } catch (error) {
    if (isDuplicateKey(error, "place"))
      throw new AppError(
        "conflict",
        "This database belongs to another client. Name another database, or another cluster.",
        { cause: error },
      );
    if (isDuplicateKey(error)) throw taken(error);
    throw error;
  }
}

async function writeDataSource(
  code: string,
  uri: string,
  dbName: string,
  now: Date,
  session: ClientSession,
): Promise<void> {
  const { ClientDataSource } = await getCentralModels();
  await ClientDataSource.updateOne(
    { clientCode: code },
    {
      $set: {
        kind: "mongodb",
        uriEnvelope: sealSecret(dataSourcePlace(code), uri),
        dbName,
        place: databasePlace(uri, dbName),
        state: "active",
        updatedAt: now,
      },
      $setOnInsert: { migrated: [], createdAt: now },
      $inc: { version: 1 },
    },
    { session, upsert: true },
  );
}

function taken(cause?: unknown): AppError {
  return new AppError("duplicate", "There is a client with this code already. Choose another code.", {
    cause,
  });
}
