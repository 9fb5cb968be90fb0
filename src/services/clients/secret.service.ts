import type { ClientCode } from "../../contracts/common.contract";
import { now } from "../../lib/clock/clock";
import { openSecret, type SecretPlace, sealSecret } from "../../lib/crypto/secret.box";
import { getCentralModels } from "../../lib/db/get.central.models";

/** A tenant's secret, or with an empty code the platform's own. */
type Owner = ClientCode | "";

/** Where a secret stands, which its envelope is bound to. */
export function secretPlace(owner: string, name: string): SecretPlace {
  return { collection: "secrets", clientCode: owner, field: name };
}

/**
 * Reads a secret, e.g. `whatsapp.token:<phoneNumberId>`. Null when there is none.
 * @throws SecretBoxError when it was sealed with a master key that this process does not have.
 */
export async function readSecret(owner: Owner, name: string): Promise<string | null> {
  const { Secret } = await getCentralModels();
  const row = await Secret.findOne({ clientCode: owner, name }, { envelope: 1 }).lean();
  return row ? openSecret(secretPlace(owner, name), row.envelope) : null;
}

/** Forgets a secret. */
export async function deleteSecret(owner: Owner, name: string): Promise<void> {
  const { Secret } = await getCentralModels();
  await Secret.deleteOne({ clientCode: owner, name });
}

/** Stores a secret, sealed for its owner and name; an older value is replaced. */
export async function writeSecret(owner: Owner, name: string, value: string): Promise<void> {
  const { Secret } = await getCentralModels();
  const at = now();
  await Secret.updateOne(
    { clientCode: owner, name },
    {
      $set: { envelope: sealSecret(secretPlace(owner, name), value), updatedAt: at },
      $setOnInsert: { createdAt: at },
      $inc: { version: 1 },
    },
    { upsert: true },
  );
}
