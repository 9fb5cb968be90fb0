import { Types } from "mongoose";
import { sealSecret } from "../src/lib/crypto/secret.box";
import { centralConnection } from "../src/lib/db/central.connection";
import { migrateCentral } from "../src/lib/db/central.migrations";
import { getCentralModels } from "../src/lib/db/get.central.models";
import { env } from "../src/lib/env/env";
import { mintClientCode } from "../src/lib/tenant/client.code";
import { claimDatabase } from "../src/lib/tenant/tenant.owner";
import { databasePlace, dataSourcePlace } from "../src/lib/tenant/tenant.source";
import { atOnce } from "./measure";

/** Real tenants but for their indexes and defaults, which background jobs that do nothing do not touch. */
export async function registerLightTenants(codes: readonly string[]): Promise<void> {
  await migrateCentral();
  const { Client, ClientDataSource } = await getCentralModels();
  const uri = env().MONGODB_URI;
  const at = new Date();
  const stamped = () => ({ _id: new Types.ObjectId(), createdAt: at, updatedAt: at });
  const dbNameOf = (code: string) => `${env().ECOD_CENTRAL_DB}_${code}`;
  await Client.insertMany(
    codes.map((clientCode) => ({ ...stamped(), clientCode, name: clientCode, status: "active" as const })),
  );
  await ClientDataSource.insertMany(
    codes.map((clientCode) => ({
      ...stamped(),
      clientCode,
      kind: "mongodb" as const,
      uriEnvelope: sealSecret(dataSourcePlace(clientCode), uri),
      dbName: dbNameOf(clientCode),
      place: databasePlace(uri, dbNameOf(clientCode)),
    })),
  );
  const connection = await centralConnection();
  await atOnce(16, codes.length, async (index) => {
    const code = mintClientCode(codes[index] ?? "");
    await claimDatabase(connection.useDb(dbNameOf(code)), code);
  });
}
