/** The open tenants of this process, and the doors that everything else uses. */
import type { Connection } from "mongoose";
import type { ClientCode } from "../../contracts/common.contract";
import { forgetCentralConnection } from "../db/central.connection";
import { clusterPool } from "../db/cluster.pool";
import { env } from "../env/env";
import { OpenTenants, type WithTenantOptions } from "./open.tenants";

/** Suspension must be felt within 30 s, a rotation within 60 s: one read tells both. */
const FRESH_MS = 30_000;

let tenants: OpenTenants | undefined;

function openTenants(): OpenTenants {
  tenants ??= new OpenTenants({
    pool: clusterPool(),
    capacity: env().TENANT_CACHE_SIZE,
    freshMs: FRESH_MS,
  });
  return tenants;
}

/**
 * Runs a request or job of a tenant with its connection held: never evicted or swapped under it. Nested calls for the
 * same tenant share the outer hold.
 * @throws AppError client-suspended, tenant-database-unavailable, service-unavailable, not-found (no such client).
 */
export function withTenant<T>(
  clientCode: ClientCode,
  work: () => Promise<T>,
  options?: WithTenantOptions,
): Promise<T> {
  return openTenants().withTenant(clientCode, work, options);
}

/** The connection to a tenant's database. Throws as `withTenant` does. Never `close()` it: it closes its siblings. */
export function tenantConnection(clientCode: ClientCode): Promise<Connection> {
  return openTenants().connection(clientCode);
}

/** Makes this process ask the central database again at the tenant's next use; others do within 30 s. */
export function expireTenant(clientCode: ClientCode): void {
  openTenants().expire(clientCode);
}

/** Lets go of a tenant that left. */
export function forgetTenant(clientCode: ClientCode): void {
  openTenants().forget(clientCode);
}

/** Closes every connection of this process, central and tenant: at the end of a test, a worker, a command. */
export async function closeAllConnections(): Promise<void> {
  tenants = undefined;
  forgetCentralConnection();
  await clusterPool().closeAll();
}
