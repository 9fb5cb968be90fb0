/** Keys of the platform team: named, so that the audit tells who acted. */
import { makeApiKey } from "../../lib/auth/api.key";
import { forgetKeyLookups } from "../../lib/auth/key.lookup";
import type { PlatformContext } from "../../lib/context/tenant.context";
import { isDuplicateKey } from "../../lib/db/duplicate.key";
import { getCentralModels } from "../../lib/db/get.central.models";
import { AppError } from "../../lib/errors/app.error";
import { auditPlatformAct } from "./platform.audit.service";

export interface AdminKeyView {
  readonly name: string;
  readonly keyId: string;
  readonly createdAt: string;
  readonly revokedAt: string | null;
}

const namePattern = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;

/**
 * Makes an admin key, shown once. The first one can only be made from a shell.
 * @throws AppError validation-failed for a bad name, duplicate when the name was ever used: names stand in the audit.
 */
export async function createAdminKey(
  ctx: PlatformContext,
  input: { name: string },
): Promise<{ name: string; key: string }> {
  const { name } = input;
  if (!namePattern.test(name))
    throw new AppError("validation-failed", "The key's name is not usable.", {
      errors: [
        {
          pointer: "/name",
          code: "invalid_format",
          detail: "must be 1 to 64 letters, digits, dots or dashes",
        },
      ],
    });
  const { AdminKey } = await getCentralModels();
  const { key, keyId, hash } = makeApiKey("admin");
  await auditPlatformAct(ctx, { action: "admin-key.create", clientCode: null, detail: { name, keyId } });
  try {
    await AdminKey.create({ _id: name, keyId, hash, createdAt: ctx.now(), revokedAt: null });
  } catch (error) {
    if (!isDuplicateKey(error)) throw error;
    throw new AppError("duplicate", "There is or was an admin key of this name. Choose another name.", {
      cause: error,
    });
  }
  return { name, key };
}

/** Every admin key by name, without hashes. */
export async function listAdminKeys(): Promise<AdminKeyView[]> {
  const { AdminKey } = await getCentralModels();
  const keys = await AdminKey.find({}).sort({ _id: 1 }).lean();
  return keys.map((key) => ({
    name: key._id,
    keyId: key.keyId,
    createdAt: key.createdAt.toISOString(),
    revokedAt: key.revokedAt?.toISOString() ?? null,
  }));
}

/** Makes an admin key useless, everywhere within 15 s. Repeating it changes nothing. @throws AppError not-found */
export async function revokeAdminKey(ctx: PlatformContext, name: string): Promise<void> {
  const { AdminKey } = await getCentralModels();
  await auditPlatformAct(ctx, { action: "admin-key.revoke", clientCode: null, detail: { name } });
  const known = await AdminKey.findById(name).lean();
  if (!known) throw new AppError("not-found", "There is no admin key of this name.");
  await AdminKey.updateOne({ _id: name, revokedAt: null }, { $set: { revokedAt: ctx.now() } });
  forgetKeyLookups();
}
