import { newClientSchema } from "../../src/contracts/client.contract";
import type { ClientCode } from "../../src/contracts/common.contract";
import { createPlatformContext } from "../../src/lib/context/create.context";
import type { PlatformContext } from "../../src/lib/context/tenant.context";
import { migrateCentral } from "../../src/lib/db/central.migrations";
import type { Scope } from "../../src/lib/http/define.route";
import { mintClientCode } from "../../src/lib/tenant/client.code";
import { type CrmModels, getCrmModels } from "../../src/lib/tenant/get.crm.model";
import { createClient } from "../../src/services/clients/create.client.service";
import { central } from "../setup/central";

/** A platform admin, for services that want one. */
export function platformContext(): PlatformContext {
  return createPlatformContext({ actor: { type: "admin", id: "test" }, requestId: "req_test" });
}

let centralReady: Promise<unknown> | undefined;
let made = 0;

/**
 * Makes a real client with a migrated database of its own, dropped with the test file's databases.
 * @param code a code of your choice; a new one when absent.
 * @param options `scopes`: what its key may do, everything when absent; `uri`: its cluster, the central one when absent.
 */
export async function createTenant(
  code = `tenant${++made}`,
  options: { scopes?: readonly Scope[]; uri?: string } = {},
): Promise<{ clientCode: ClientCode; apiKey: string; models: CrmModels }> {
  centralReady ??= migrateCentral();
  await centralReady;
  const input = newClientSchema.parse({
    clientCode: code,
    name: `Client ${code}`,
    dbName: central.tenantDatabase(code),
    uri: options.uri,
  });
  const { scopes } = options;
  const created = await createClient(platformContext(), input, scopes ? { scopes } : {});
  const clientCode = mintClientCode(code);
  return { clientCode, apiKey: created.apiKey.key, models: await getCrmModels(clientCode) };
}
