import type { ClusterPool, DatabaseHandle } from "../db/cluster.pool";
import { isAuthenticationFailure } from "../db/connectivity.error";
import { AppError } from "../errors/app.error";
import { readOwner } from "./tenant.owner";
import type { TenantSource } from "./tenant.source";

/** What callers see when a tenant's database cannot be used; the driver's own words go to the log only. */
export function databaseUnavailable(cause: unknown): AppError {
  const detail = isAuthenticationFailure(cause)
    ? "This client's database refuses our login. Nothing was changed. If it stays so, the platform team must rotate its connection string."
    : "This client's database does not answer. Nothing is known to be changed; try again in a few seconds.";
  return new AppError("tenant-database-unavailable", detail, { cause, retryAfterSeconds: 5 });
}

/**
 * Opens the database of a tenant and makes sure that it is that tenant's: its owner's mark is read, so that a wrong
 * data source shows nobody's data.
 * @throws AppError tenant-database-unavailable
 */
export async function openTenantDatabase(pool: ClusterPool, source: TenantSource): Promise<DatabaseHandle> {
  const handle = await acquireTenantDatabase(pool, source);
  try {
    const owner = await readOwner(handle.connection);
    if (owner === source.clientCode) return handle;
    throw new AppError(
      "tenant-database-unavailable",
      owner === null
        ? "The database named by this client's data source is not set up. Run `tenants migrate` for it."
        : "The database named by this client's data source belongs to another client. Correct its data source.",
      { retryAfterSeconds: 60 },
    );
  } catch (error) {
    await handle.release();
    throw error instanceof AppError ? error : databaseUnavailable(error);
  }
}

/** Opens the database without looking at whose it is: for setting it up. @throws AppError tenant-database-unavailable */
export async function acquireTenantDatabase(
  pool: ClusterPool,
  source: Pick<TenantSource, "uri" | "dbName">,
): Promise<DatabaseHandle> {
  try {
    return await pool.acquire(source.uri, source.dbName);
  } catch (error) {
    throw error instanceof AppError ? error : databaseUnavailable(error);
  }
}
