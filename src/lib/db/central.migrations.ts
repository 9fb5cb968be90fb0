import { centralSchemas } from "../../model/clients";
import { isLocalStage } from "../env/env";
import { centralConnection } from "./central.connection";
import { type IndexChanges, syncIndexes } from "./sync.indexes";

/**
 * Creates the indexes of the central database; run at each deployment, and by dev and tests. Idempotent.
 * @param contract also drops and replaces what is no longer declared so; always in stage local, where only one
 *   version runs.
 */
export async function migrateCentral(
  options: { contract: boolean } = { contract: isLocalStage() },
): Promise<IndexChanges> {
  return syncIndexes(await centralConnection(), centralSchemas, options);
}
