/** Who owns a lead: a person of the tenant, who is told. */
import type { TenantContext } from "../../../lib/context/tenant.context";
import type { Change } from "../../../lib/tenant/commit.change";
import type { LeadRecord } from "../../../model/saas/lead.schema";
import { notifyInChange } from "./notification.service";
import { requireUsers } from "./user.read";

/** @throws AppError invalid-reference at `/ownerId` when a new owner does not work for the tenant. */
export async function requireOwner(
  ctx: TenantContext,
  ownerId: string | null | undefined,
  before: string | null = null,
): Promise<void> {
  if (ownerId && ownerId !== before) await requireUsers(ctx, [ownerId], "/ownerId");
}

/** Tells the owner of a lead that it is theirs, unless it was before. */
export async function tellOwner(
  ctx: TenantContext,
  change: Change,
  { _id, displayName, ownerId }: LeadRecord,
  before: string | null = null,
): Promise<void> {
  if (ownerId === null || ownerId === before) return;
  await notifyInChange(ctx, change, {
    userIds: [ownerId],
    kind: "lead_assigned",
    text: `${displayName} is yours now.`,
    leadId: _id,
  });
}
