/** Looking people up: who they are, and who may be given work now. They are named by their keys. */
import { trusted } from "mongoose";
import type { TenantContext } from "../../../lib/context/tenant.context";
import { getCentralModels } from "../../../lib/db/get.central.models";
import type { UserRecord } from "../../../model/clients/user.schema";
import { invalidReference } from "./crm.problem";

/** Those of `userIds` who work for the tenant, in no particular order. */
export async function activeUsers(
  { clientCode }: TenantContext,
  userIds: readonly string[],
): Promise<UserRecord[]> {
  if (userIds.length === 0) return [];
  const { User } = await getCentralModels();
  return User.find({ clientCode, key: trusted({ $in: [...userIds] }), status: "active" }).lean();
}

/** Keys of everybody who works for the tenant. */
export async function activeUserKeys({ clientCode }: TenantContext): Promise<string[]> {
  const { User } = await getCentralModels();
  return User.distinct("key", { clientCode, status: "active" });
}

/** Every one of `userIds` must work for the tenant. @throws AppError invalid-reference at `pointer`. */
export async function requireUsers(
  ctx: TenantContext,
  userIds: readonly string[],
  pointer: string,
): Promise<void> {
  const known = new Set((await activeUsers(ctx, userIds)).map(({ key }) => key));
  if (userIds.some((id) => !known.has(id))) throw invalidReference(pointer, "active user");
}

/** Whether new work may be given to a person now; an absence that is over counts no more. */
export function isAvailable(user: UserRecord, now: Date): boolean {
  if (user.status !== "active") return false;
  return user.availability === "available" || (user.awayUntil !== null && user.awayUntil <= now);
}
