import { parseMasterKeys } from "../../../src/lib/crypto/master.keys";
import { sealingKeyId, sealSecret } from "../../../src/lib/crypto/secret.box";
import { getCentralModels } from "../../../src/lib/db/get.central.models";
import { adoptEnvironment } from "../../../src/lib/env/env";
import { closeAllConnections } from "../../../src/lib/tenant/tenant.registry";
import { resealSecrets } from "../../../src/services/clients/reseal.service";
import { readSecret, secretPlace, writeSecret } from "../../../src/services/clients/secret.service";
import { createTenant, platformContext } from "../../builders/client.builder";
import { central } from "../../setup/central";

const fresh = `fresh:${Buffer.alloc(32, 9).toString("base64")}`;
adoptEnvironment({ ECOD_MASTER_KEY: `${fresh},${central.masterKey}` });

describe("rotating the master key", () => {
  afterAll(closeAllConnections);

  test("reads what an older key sealed, and seals everything with the new one when told to", async () => {
    const { clientCode } = await createTenant();
    await writeSecret(clientCode, "new", "sealed by the new key");
    const { Secret, ClientDataSource } = await getCentralModels();
    const old = parseMasterKeys(central.masterKey);
    await writeSecret("", "old", "will be replaced");
    await Secret.updateOne(
      { clientCode: "", name: "old" },
      { $set: { envelope: sealSecret(secretPlace("", "old"), "sealed by the old key", old) } },
    );
    expect(await readSecret("", "old")).toBe("sealed by the old key");

    expect(await resealSecrets(platformContext())).toEqual({ resealed: 1 });
    expect(await resealSecrets(platformContext())).toEqual({ resealed: 0 });
    expect(await readSecret("", "old")).toBe("sealed by the old key");
    expect(await readSecret(clientCode, "new")).toBe("sealed by the new key");
    const envelopes = [
      ...(await Secret.find({}).lean()).map(({ envelope }) => envelope),
      ...(await ClientDataSource.find({}).lean()).map(({ uriEnvelope }) => uriEnvelope),
    ];
    expect(new Set(envelopes.map(sealingKeyId))).toEqual(new Set(["fresh"]));
  });
});
