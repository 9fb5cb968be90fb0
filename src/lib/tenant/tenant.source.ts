import type { ClientCode } from "../../contracts/common.contract";
import type { ClientRecord } from "../../model/clients/client.schema";
import { openSecret, type SecretPlace } from "../crypto/secret.box";
import { clusterPlace } from "../db/cluster.identity";
import { getCentralModels } from "../db/get.central.models";
import { AppError } from "../errors/app.error";

/** Where a tenant's data lives and whether it may be used, as the central database says now. */
export interface TenantSource {
  readonly clientCode: ClientCode;
  readonly status: ClientRecord["status"];
  readonly uri: string;
  readonly dbName: string;
  /** Rises with each rotation. */
  readonly version: number;
}

/** Where the sealed connection string of a tenant stands. */
export function dataSourcePlace(clientCode: string): SecretPlace {
  return { collection: "clientDataSources", clientCode, field: "uri" };
}

/** Names the database of a tenant across the whole installation, so that no two tenants are given the same one. */
export function databasePlace(uri: string, dbName: string): string {
  return `${clusterPlace(uri)}/${dbName.toLowerCase()}`;
}

/**
 * Reads a tenant's row and data source: two indexed reads.
 * @throws AppError not-found when there is no such client, SecretBoxError when its connection string does not open.
 */
export async function readTenantSource(clientCode: ClientCode): Promise<TenantSource> {
  const { Client, ClientDataSource } = await getCentralModels();
  const [client, source] = await Promise.all([
    Client.findOne({ clientCode }, { status: 1 }).lean(),
    ClientDataSource.findOne({ clientCode }).lean(),
  ]);
  if (!client || !source)
    throw new AppError("not-found", "There is no client with this code. `tenants list` shows all.");
  return {
    clientCode,
    status: client.status,
    uri: openSecret(dataSourcePlace(clientCode), source.uriEnvelope),
    dbName: source.dbName,
    version: source.version,
  };
}
