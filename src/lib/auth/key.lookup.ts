import type { ApiKeyRecord, ClientRecord } from "../../model/clients/client.schema";
import type { AdminKeyRecord } from "../../model/clients/platform.schema";
import { getCentralModels } from "../db/get.central.models";
import { LookupCache } from "./lookup.cache";

/** A revoked key or a suspended client is noticed within this time, in every container. */
const ttlMs = 15_000;
const capacity = 10_000;

/** A tenant's key with what its client's row says of the client. */
export interface TenantKey {
  readonly clientCode: string;
  readonly status: ClientRecord["status"];
  readonly key: ApiKeyRecord;
}

const tenantKeys = new LookupCache<TenantKey | undefined>({ ttlMs, capacity, load: loadTenantKey });
const adminKeys = new LookupCache<AdminKeyRecord | undefined>({ ttlMs, capacity, load: loadAdminKey });

/** The tenant key with this id, undefined when there is none. No query when it was asked for a moment ago. */
export function findTenantKey(keyId: string): Promise<TenantKey | undefined> {
  return tenantKeys.get(keyId);
}

/** The admin key with this id, undefined when there is none. */
export function findAdminKey(keyId: string): Promise<AdminKeyRecord | undefined> {
  return adminKeys.get(keyId);
}

/** Makes this process look every key up again; others do within the time to live. */
export function forgetKeyLookups(): void {
  tenantKeys.clear();
  adminKeys.clear();
}

async function loadTenantKey(keyId: string): Promise<TenantKey | undefined> {
  const { Client } = await getCentralModels();
  const client = await Client.findOne(
    { "apiKeys.keyId": keyId },
    { clientCode: 1, status: 1, apiKeys: 1 },
  ).lean();
  const key = client?.apiKeys.find((candidate) => candidate.keyId === keyId);
  return client && key ? { clientCode: client.clientCode, status: client.status, key } : undefined;
}

async function loadAdminKey(keyId: string): Promise<AdminKeyRecord | undefined> {
  const { AdminKey } = await getCentralModels();
  return (await AdminKey.findOne({ keyId }).lean()) ?? undefined;
}
