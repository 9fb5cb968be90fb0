import { randomBytes } from "node:crypto";

/** Where the test environment (outside the sandbox) leaves the file's database name for the code inside. */
export const DATABASE_GLOBAL = "ecodTestDatabase";

/** A name no other file has, short enough that `<name>_t_<clientCode>` stays below MongoDB's 63 bytes. */
export function freshDatabaseName(): string {
  return `test_${Date.now().toString(36)}${randomBytes(3).toString("hex")}`;
}
