/**
 * Sealing of secrets at rest: AES-256-GCM, `v1.<keyId>.<iv>.<ciphertext>.<tag>` in base64url. The authenticated data
 * binds an envelope to its place (collection, client, field), so that it cannot be moved to another tenant.
 */
import { createCipheriv, createDecipheriv, randomBytes } from "node:crypto";
import { type MasterKey, masterKeys } from "./master.keys";

/** Where a sealed value stands. `clientCode` is empty for the platform's own. */
export interface SecretPlace {
  readonly collection: string;
  readonly clientCode: string;
  readonly field: string;
}

/** Thrown when an envelope cannot be opened: unknown key, other place, or changed bytes. Holds no secret. */
export class SecretBoxError extends Error {
  override readonly name = "SecretBoxError";
}

/** Seals a text with the first master key. */
export function sealSecret(
  place: SecretPlace,
  plain: string,
  keys: readonly MasterKey[] = masterKeys(),
): string {
  const [master] = keys;
  if (!master) throw new SecretBoxError("There is no master key to seal with.");
  const iv = randomBytes(12);
  const cipher = createCipheriv("aes-256-gcm", master.key, iv).setAAD(authenticated(place, master.id));
  const sealed = Buffer.concat([cipher.update(plain, "utf8"), cipher.final()]);
  const parts = [iv, sealed, cipher.getAuthTag()].map((part) => part.toString("base64url"));
  return ["v1", master.id, ...parts].join(".");
}

/**
 * Opens an envelope that was sealed for this very place, with whichever master key its id names.
 * @throws SecretBoxError
 */
export function openSecret(
  place: SecretPlace,
  envelope: string,
  keys: readonly MasterKey[] = masterKeys(),
): string {
  const [version, keyId = "", iv, sealed, tag, ...rest] = envelope.split(".");
  if (version !== "v1" || iv === undefined || sealed === undefined || tag === undefined || rest.length > 0)
    throw new SecretBoxError(`A secret of ${place.collection} is not an envelope of this version.`);
  const master = keys.find(({ id }) => id === keyId);
  if (!master)
    throw new SecretBoxError(
      `A secret of ${place.collection} was sealed with another master key. Add that key to ECOD_MASTER_KEY, behind the current one.`,
    );
  try {
    const decipher = createDecipheriv("aes-256-gcm", master.key, Buffer.from(iv, "base64url"), {
      authTagLength: 16,
    })
      .setAAD(authenticated(place, master.id))
      .setAuthTag(Buffer.from(tag, "base64url"));
    return Buffer.concat([decipher.update(Buffer.from(sealed, "base64url")), decipher.final()]).toString(
      "utf8",
    );
  } catch (cause) {
    throw new SecretBoxError(
      `A secret of ${place.collection} does not open: it was changed, moved from another place, or sealed with another key of the same id.`,
      { cause },
    );
  }
}

/** Id of the master key that sealed an envelope, so that a rotation finds what is still under an old one. */
export function sealingKeyId(envelope: string): string {
  return envelope.split(".")[1] ?? "";
}

function authenticated(place: SecretPlace, keyId: string): Buffer {
  return Buffer.from(JSON.stringify(["v1", keyId, place.collection, place.clientCode, place.field]));
}
