import { newClientSchema } from "../src/contracts/client.contract";
import { createPlatformContext } from "../src/lib/context/create.context";
import type { PlatformContext } from "../src/lib/context/tenant.context";
import { migrateCentral } from "../src/lib/db/central.migrations";
import { mintClientCode } from "../src/lib/tenant/client.code";
import { createClient } from "../src/services/clients/create.client.service";

export const platform: PlatformContext = createPlatformContext({
  actor: { type: "admin", id: "bench" },
  requestId: "req_bench",
});

/** A real tenant in the benchmark's databases, with every index, and its key. */
export async function makeTenant(code: string) {
  await migrateCentral();
  const created = await createClient(
    platform,
    newClientSchema.parse({ clientCode: code, name: `Bench ${code}` }),
  );
  return { clientCode: mintClientCode(code), apiKey: created.apiKey.key };
}
