import { trusted } from "mongoose";
import type { PlatformContext } from "../../lib/context/tenant.context";
import { masterKeys } from "../../lib/crypto/master.keys";
import { openSecret, type SecretPlace, sealSecret } from "../../lib/crypto/secret.box";
import { getCentralModels } from "../../lib/db/get.central.models";
import { dataSourcePlace } from "../../lib/tenant/tenant.source";
import { auditPlatformAct } from "./platform.audit.service";
import { secretPlace } from "./secret.service";

/**
 * Seals every stored connection string and secret with the first master key, so that an older one can be taken out of
 * ECOD_MASTER_KEY (after 30 days more, when what it sealed in quarantine has expired). Safe to repeat and while the
 * platform runs: a value that changes meanwhile is left as it is.
 * @returns how many values were sealed anew
 */
export async function resealSecrets(ctx: PlatformContext): Promise<{ resealed: number }> {
  const [current] = masterKeys();
  await auditPlatformAct(ctx, { action: "secrets.reseal", clientCode: null, detail: { keyId: current.id } });
  const { ClientDataSource, Secret } = await getCentralModels();
  let resealed = 0;
  const behind = trusted({ $not: new RegExp(`^v1\\.${current.id}\\.`) });

  for await (const row of ClientDataSource.find({ uriEnvelope: behind }).lean().cursor()) {
    const uriEnvelope = resealedFor(dataSourcePlace(row.clientCode), row.uriEnvelope);
    const { modifiedCount } = await ClientDataSource.updateOne(
      { _id: row._id, uriEnvelope: row.uriEnvelope },
      { $set: { uriEnvelope } },
    );
    resealed += modifiedCount;
  }
  for await (const row of Secret.find({ envelope: behind }).lean().cursor()) {
    const envelope = resealedFor(secretPlace(row.clientCode, row.name), row.envelope);
    const { modifiedCount } = await Secret.updateOne(
      { _id: row._id, envelope: row.envelope },
      { $set: { envelope } },
    );
    resealed += modifiedCount;
  }
  return { resealed };
}

function resealedFor(place: SecretPlace, envelope: string): string {
  return sealSecret(place, openSecret(place, envelope));
}
