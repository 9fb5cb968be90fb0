/** `.ecod/stack.json`: how scripts and tests find a running stack. */
import { mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import * as z from "zod";

const tenantSchema = z.object({
  clientCode: z.string(),
  apiKey: z.string(),
  phoneNumberId: z.string(),
  wabaId: z.string(),
  displayPhoneNumber: z.string(),
});

export const stackSchema = z.object({
  pid: z.number().int().positive(),
  apiUrl: z.url(),
  graphUrl: z.url(),
  mongoUri: z.string(),
  mongoSource: z.string(),
  adminKey: z.string(),
  meta: z.object({ appSecret: z.string(), verifyToken: z.string() }),
  tenants: z.array(tenantSchema).min(1),
});
export type Stack = z.infer<typeof stackSchema>;
export type StackTenant = z.infer<typeof tenantSchema>;

/** Thrown when no stack runs here; its message says how to start one. */
export class NoStackError extends Error {
  override readonly name = "NoStackError";
}

/**
 * Reads the file and checks that its process lives.
 * @throws NoStackError
 */
export async function readStack(folder: string): Promise<Stack> {
  let text: string;
  try {
    text = await readFile(stackPath(folder), "utf8");
  } catch (error) {
    throw new NoStackError("No stack runs here. Start one with: npm run dev", { cause: error });
  }
  const stack = stackSchema.parse(JSON.parse(text));
  if (!isAlive(stack.pid))
    throw new NoStackError("The stack that ran here has ended. Start it again with: npm run dev");
  return stack;
}

/** Readable by its owner only, and in place only when it is whole. */
export async function writeStack(folder: string, stack: Stack): Promise<void> {
  const path = stackPath(folder);
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const draft = `${path}.${process.pid}`;
  await writeFile(draft, `${JSON.stringify(stack, null, 2)}\n`, { mode: 0o600 });
  await rename(draft, path);
}

/** Removes the file; it is no fault when there is none. */
export async function removeStack(folder: string): Promise<void> {
  await rm(stackPath(folder), { force: true });
}

/** @throws Error when a living stack already runs in this folder. */
export async function refuseSecondStack(folder: string): Promise<void> {
  try {
    const stack = await readStack(folder);
    throw new Error(
      `A stack already runs in this folder, at ${stack.apiUrl}. Stop it first (Ctrl-C where it runs).`,
    );
  } catch (error) {
    if (!(error instanceof NoStackError)) throw error;
    await removeStack(folder);
  }
}

const stackPath = (folder: string): string => `${folder}/stack.json`;

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
