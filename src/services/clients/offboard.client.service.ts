/** A client leaves: its data is exported, then everything of it is dropped, here and in the central database. */
import { trusted } from "mongoose";
import type { ClientCode } from "../../contracts/common.contract";
import type { PlatformContext } from "../../lib/context/tenant.context";
import { clusterPool } from "../../lib/db/cluster.pool";
import { type ExportedDatabase, exportDatabase } from "../../lib/db/export.database";
import { getCentralModels } from "../../lib/db/get.central.models";
import { env } from "../../lib/env/env";
import { AppError } from "../../lib/errors/app.error";
import { acquireTenantDatabase } from "../../lib/tenant/open.tenant.database";
import { readOwner } from "../../lib/tenant/tenant.owner";
import { forgetTenant } from "../../lib/tenant/tenant.registry";
import { readTenantSource } from "../../lib/tenant/tenant.source";
import type { Progress } from "./create.client.service";
import { admitToClient } from "./platform.gate";

/** Every container has noticed a suspension after this time (30 s), and what it began before has ended. */
export const suspensionSettlesMs = 45_000;

/** Where exports go when nothing else is said; ignored by git. */
export const exportsFolder = ".ecod/exports";

export interface OffboardOptions {
  /** The client's code once more: what was typed is what is dropped. */
  readonly confirm: string;
  /** Folder that gets a folder of this client's own. */
  readonly exportTo: string;
  readonly progress?: Progress;
  /** How long the client must have been suspended, in ms; `suspensionSettlesMs` when absent. */
  readonly settleMs?: number;
}

/** What is left of a client. */
export interface Offboarded {
  readonly clientCode: string;
  /** Null when an earlier run, cut off later, had exported it. */
  readonly exported: ExportedDatabase | null;
}

/**
 * Exports a suspended client's database (a file of JSON lines per collection, with counts and checksums) and its
 * people, then drops the database and every central row of it but the audit. A run that was cut off is finished by
 * running it again; nothing is dropped before the export is whole.
 * @throws AppError not-found, validation-failed when the confirmation is not the code, invalid-state unless it has
 *   been suspended long enough for every container to notice, tenant-database-unavailable, conflict when the
 *   database named by the data source is another client's.
 */
export async function offboardClient(
  ctx: PlatformContext,
  code: string,
  options: OffboardOptions,
): Promise<Offboarded> {
  const { progress = () => undefined, settleMs = suspensionSettlesMs } = options;
  if (options.confirm !== code)
    throw new AppError("validation-failed", "The confirmation is not the client's code. Nothing was done.", {
      errors: [{ pointer: "/confirm", code: "custom", detail: "must repeat the client's code" }],
    });
  const clientCode = await admitToClient(ctx, code, { action: "client.offboard" });
  await beginLeaving(ctx, clientCode, settleMs);
  forgetTenant(clientCode);
  const exported = await exportOnce(clientCode, options.exportTo, progress);
  await dropTenantDatabase(clientCode);
  progress("Its database is dropped.");
  await dropCentralRows(clientCode);
  progress("Its keys, routes, secrets, people and jobs are deleted; the audit stays.");
  return { clientCode, exported };
}

/**
 * The same for a caller who sits elsewhere: the export stays in this host's exports folder.
 * @throws AppError as `offboardClient`, and invalid-state on a host whose disk does not outlive the request.
 */
export async function offboardClientOnHost(
  ctx: PlatformContext,
  code: string,
  confirm: string,
): Promise<Offboarded> {
  if (env().AWS_LAMBDA_FUNCTION_NAME !== "" && !env().IS_OFFLINE)
    throw new AppError(
      "invalid-state",
      "This host keeps no files, so the export would be lost. Run `npm run tenants -- offboard` from a shell.",
    );
  return offboardClient(ctx, code, { confirm, exportTo: exportsFolder });
}

async function beginLeaving(ctx: PlatformContext, clientCode: ClientCode, settleMs: number): Promise<void> {
  const { Client } = await getCentralModels();
  const now = ctx.now();
  const settled = new Date(now.getTime() - settleMs);
  await Client.updateOne(
    { clientCode, status: "suspended", suspendedAt: trusted({ $lte: settled }) },
    { $set: { status: "offboarding", updatedAt: now }, $inc: { version: 1 } },
  );
  const client = await Client.findOne({ clientCode }, { status: 1 }).lean();
  if (client?.status === "offboarding") return;
  throw new AppError(
    "invalid-state",
    `Suspend the client first, and wait ${Math.ceil(settleMs / 1_000)} s: until then a container may still write to its database.`,
  );
}

/** Exports, and marks the data source as exported, so that a later run neither repeats nor overwrites it. */
async function exportOnce(
  clientCode: ClientCode,
  folder: string,
  progress: Progress,
): Promise<ExportedDatabase | null> {
  const { ClientDataSource, User } = await getCentralModels();
  const source = await ClientDataSource.findOne({ clientCode }, { state: 1 }).lean();
  if (!source || source.state === "retired") {
    progress("An earlier run exported it already.");
    return null;
  }
  const database = await openOwned(clientCode);
  try {
    const exported = await exportDatabase(database.connection, {
      folder,
      name: clientCode,
      also: { "central.users": User.find({ clientCode }).lean().cursor() },
    });
    progress(`${exported.documents} documents are in ${exported.folder}.`);
    await ClientDataSource.updateOne({ clientCode }, { $set: { state: "retired" } });
    return exported;
  } finally {
    await database.release();
  }
}

async function dropTenantDatabase(clientCode: ClientCode): Promise<void> {
  const { ClientDataSource } = await getCentralModels();
  if (!(await ClientDataSource.exists({ clientCode }))) return; // a run that was cut off behind this had dropped it
  const database = await openOwned(clientCode);
  try {
    await database.connection.dropDatabase();
  } finally {
    await database.release();
  }
}

/** The database, when it is this client's, or nobody's because it is dropped already. */
async function openOwned(clientCode: ClientCode): ReturnType<typeof acquireTenantDatabase> {
  const database = await acquireTenantDatabase(clusterPool(), await readTenantSource(clientCode));
  const owner = await readOwner(database.connection);
  if (owner === clientCode || owner === null) return database;
  await database.release();
  throw new AppError(
    "conflict",
    "The database named by the data source is another client's. Nothing was dropped.",
  );
}

/** The client's row goes last: until then the run can be repeated. */
async function dropCentralRows(clientCode: ClientCode): Promise<void> {
  const models = await getCentralModels();
  await models.ChannelRoute.deleteMany({ clientCode });
  await models.ChannelEndpoint.deleteMany({ clientCode });
  await models.Secret.deleteMany({ clientCode });
  await models.User.deleteMany({ clientCode });
  await models.Quarantine.deleteMany({ clientCode });
  await models.Job.deleteMany({ clientCode });
  await models.JobSteering.deleteOne({ _id: `tenant:${clientCode}` });
  await models.Alert.deleteMany({ clientCode });
  await models.TenantActivity.deleteMany({ clientCode });
  await models.ClientDataSource.deleteOne({ clientCode });
  await models.Client.deleteOne({ clientCode });
}
