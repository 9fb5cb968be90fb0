import type { ApiKeyRecord } from "../../model/clients/client.schema";
import { now } from "../clock/clock";
import { getCentralModels } from "../db/get.central.models";
import { rootLogger } from "../log/logger";

/** Fine enough to see whether a key that was rotated out is still in use. */
const everyMs = 60 * 60_000;
const notedAt = new Map<string, number>();

/**
 * Notes that a key was used, at most once an hour in each container; otherwise it does nothing. Never throws: a
 * request is not refused because of it.
 */
export async function noteKeyUse({ keyId, lastUsedAt }: ApiKeyRecord): Promise<void> {
  const at = now();
  const before = Math.max(lastUsedAt?.getTime() ?? 0, notedAt.get(keyId) ?? 0);
  if (at.getTime() - before < everyMs) return;
  notedAt.set(keyId, at.getTime());
  try {
    const { Client } = await getCentralModels();
    await Client.updateOne({ "apiKeys.keyId": keyId }, { $max: { "apiKeys.$.lastUsedAt": at } });
  } catch (error) {
    rootLogger().warn("The use of a key could not be noted.", { keyId }, error);
  }
}
