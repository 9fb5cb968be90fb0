import type { ApiKeyView, ClientView } from "../../contracts/client.contract";
import type { ClientDataSourceRecord } from "../../model/clients/client.data.source.schema";
import type { ApiKeyRecord, ClientRecord } from "../../model/clients/client.schema";

/** A client as the administration shows it: no hashes, no connection string. */
export function toClientView(
  client: ClientRecord,
  source: Pick<ClientDataSourceRecord, "dbName" | "version" | "migrated"> | null,
): ClientView {
  return {
    clientCode: client.clientCode,
    name: client.name,
    status: client.status,
    suspendedReason: client.suspendedReason,
    suspendedAt: client.suspendedAt?.toISOString() ?? null,
    dbName: source?.dbName ?? null,
    dataSourceVersion: source?.version ?? null,
    migrated: source?.migrated ?? [],
    apiKeys: client.apiKeys.map(toApiKeyView),
    version: client.version,
    createdAt: client.createdAt.toISOString(),
    updatedAt: client.updatedAt.toISOString(),
  };
}

export function toApiKeyView(key: ApiKeyRecord): ApiKeyView {
  return {
    keyId: key.keyId,
    name: key.name,
    last4: key.last4,
    scopes: key.scopes,
    createdAt: key.createdAt.toISOString(),
    expiresAt: key.expiresAt?.toISOString() ?? null,
    revokedAt: key.revokedAt?.toISOString() ?? null,
    lastUsedAt: key.lastUsedAt?.toISOString() ?? null,
  };
}
