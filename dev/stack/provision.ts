/** Makes what a local stack holds before anybody calls it: central indexes, an admin key, the tenants, their numbers. */
import { randomUUID } from "node:crypto";
import { newClientSchema } from "../../src/contracts/client.contract";
import { createPlatformContext, createTenantContext } from "../../src/lib/context/create.context";
import type { PlatformContext } from "../../src/lib/context/tenant.context";
import { migrateCentral } from "../../src/lib/db/central.migrations";
import { closeAllConnections, withTenant } from "../../src/lib/tenant/tenant.registry";
import { createAdminKey } from "../../src/services/clients/admin.key.service";
import { createClient } from "../../src/services/clients/create.client.service";
import { admitToClient } from "../../src/services/clients/platform.gate";
import { dispatchEvents } from "../../src/services/saas/automation/dispatch.events";
import { connectNumber } from "../../src/services/saas/whatsapp/connect.number.service";
import type { StackTenant } from "./stack.file";
import type { StackKeys } from "./stack.keys";
import { type LocalTenant, localTenants } from "./tenants";

export interface Provisioned {
  readonly keys: StackKeys;
  readonly adminKey: string;
  readonly tenants: StackTenant[];
  close(): Promise<void>;
}

/** Idempotent: a second start finds what the first one made. */
export async function provision(keys: StackKeys, log: (line: string) => void): Promise<Provisioned> {
  await migrateCentral();
  const platform = createPlatformContext({
    actor: { type: "admin", id: "local-stack" },
    requestId: `stack-${randomUUID()}`,
  });
  const adminKey = keys.adminKey ?? (await createAdminKey(platform, { name: "local" })).key;
  const apiKeys = { ...keys.apiKeys };
  const tenants: StackTenant[] = [];
  for (const tenant of localTenants) {
    const apiKey = apiKeys[tenant.clientCode] ?? (await createTenant(platform, tenant));
    apiKeys[tenant.clientCode] = apiKey;
    await connect(platform, tenant);
    tenants.push({
      clientCode: tenant.clientCode,
      apiKey,
      phoneNumberId: tenant.phoneNumberId,
      wabaId: tenant.wabaId,
      displayPhoneNumber: tenant.displayPhoneNumber,
    });
    log(`Tenant ${tenant.clientCode} (${tenant.name}) is ready at ${tenant.displayPhoneNumber}.`);
  }
  return { keys: { ...keys, adminKey, apiKeys }, adminKey, tenants, close: closeAllConnections };
}

async function createTenant(platform: PlatformContext, tenant: LocalTenant): Promise<string> {
  const input = newClientSchema.parse({
    clientCode: tenant.clientCode,
    name: tenant.name,
    keyName: "local stack",
  });
  return (await createClient(platform, input)).apiKey.key;
}

/** Also at a second start: the fake Meta forgets what subscribed to it. */
async function connect(platform: PlatformContext, tenant: LocalTenant): Promise<void> {
  const clientCode = await admitToClient(platform, tenant.clientCode, { action: "number.connect" });
  const ctx = createTenantContext({
    clientCode,
    actor: platform.actor,
    requestId: platform.requestId,
    dispatch: dispatchEvents,
  });
  await withTenant(clientCode, () => connectNumber(ctx, tenant));
}
