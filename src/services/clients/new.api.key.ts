import type { ShownApiKey } from "../../contracts/client.contract";
import { makeApiKey } from "../../lib/auth/api.key";
import { isLocalStage } from "../../lib/env/env";
import type { Scope } from "../../lib/http/define.route";
import type { ApiKeyRecord } from "../../model/clients/client.schema";

/** How many keys of a client may work at once: enough for each integration to have its own. */
export const mostWorkingKeys = 20;

/** Makes a tenant's key: the row to store and what is shown once. Keys of stage local are `test` keys. */
export function newApiKey(input: { name: string; scopes: readonly Scope[]; now: Date }): {
  row: ApiKeyRecord;
  shown: ShownApiKey;
} {
  const { key, keyId, hash, last4 } = makeApiKey(isLocalStage() ? "test" : "live");
  const scopes = [...input.scopes];
  return {
    row: {
      keyId,
      name: input.name,
      hash,
      last4,
      scopes,
      createdAt: input.now,
      expiresAt: null,
      revokedAt: null,
      lastUsedAt: null,
    },
    shown: { key, keyId, name: input.name, scopes, expiresAt: null },
  };
}
