import type { Connection } from "mongoose";
import type { ClientCode } from "../../contracts/common.contract";
import { type CrmSchemas, crmSchemas } from "../../model/saas";
import { lazyModels, type ModelsOf } from "../db/lazy.models";
import { tenantConnection } from "./tenant.registry";

export type CrmModels = ModelsOf<CrmSchemas>;

const compiled = new WeakMap<Connection, CrmModels>();

/**
 * The only door to a tenant's data: its models, bound to its own database, compiled when first used.
 * Inside `withTenant` it is the held connection and costs no query.
 * @throws AppError client-suspended, tenant-database-unavailable, not-found (no such client).
 */
export async function getCrmModels(clientCode: ClientCode): Promise<CrmModels> {
  const connection = await tenantConnection(clientCode);
  const known = compiled.get(connection);
  if (known) return known;
  const models = lazyModels(connection, crmSchemas);
  compiled.set(connection, models);
  return models;
}
