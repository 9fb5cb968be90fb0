/** `.ecod/keys.json`: keys of the local stack, made once and kept until `--fresh`, so that bookmarks keep working. */
import { randomBytes } from "node:crypto";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import * as z from "zod";

const keysSchema = z.object({
  masterKey: z.string(),
  appSecret: z.string(),
  verifyToken: z.string(),
  /** Filled in when the admin and the tenants are created; they are shown once and stored as hashes elsewhere. */
  adminKey: z.string().nullable(),
  apiKeys: z.record(z.string(), z.string()),
  /** Set when the demo data is in, so that a start that was cut off before makes it up. */
  seeded: z.boolean(),
});
export type StackKeys = z.infer<typeof keysSchema>;

/** Reads the keys of this folder, or makes them. @throws Error when the file is there and cannot be read */
export async function loadKeys(folder: string): Promise<StackKeys> {
  try {
    return keysSchema.parse(JSON.parse(await readFile(keysPath(folder), "utf8")));
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "ENOENT")) {
      throw new Error(`${keysPath(folder)} cannot be read. Start anew with --fresh.`, { cause: error });
    }
  }
  const keys: StackKeys = {
    masterKey: `local:${randomBytes(32).toString("base64")}`,
    appSecret: randomBytes(16).toString("hex"),
    verifyToken: randomBytes(12).toString("hex"),
    adminKey: null,
    apiKeys: {},
    seeded: false,
  };
  await saveKeys(folder, keys);
  return keys;
}

/** Writes the keys, readable by their owner only. */
export async function saveKeys(folder: string, keys: StackKeys): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  await writeFile(keysPath(folder), `${JSON.stringify(keys, null, 2)}\n`, { mode: 0o600 });
}

const keysPath = (folder: string): string => `${folder}/keys.json`;
