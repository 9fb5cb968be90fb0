/** Giving a lead to a person or a team. */
import type { Types } from "mongoose";
import type { Lead } from "../../../contracts/lead.contract";
import type { Picking } from "../../../contracts/team.contract";
import type { TenantContext } from "../../../lib/context/tenant.context";
import { type Change, commitChange } from "../../../lib/tenant/commit.change";
import type { LeadRecord } from "../../../model/saas/lead.schema";
import { fieldChanges } from "./changed.fields";
import { checkVersion, invalidState } from "./crm.problem";
import { tellOwner } from "./lead.owner";
import { livingLead, saveLead } from "./lead.record";
import { toLead } from "./lead.serialiser";
import { pickMember, teamByKey } from "./team.pick";
import { requireUsers } from "./user.read";

/** Who is to have it: a person, a team, or with `how` one of a team. Null takes it away; what is absent stays. */
export interface AssignTo {
  readonly userId?: string | null | undefined;
  readonly teamKey?: string | null | undefined;
  readonly how?: Picking | undefined;
}

/** What an assignment comes to. */
export interface Assigned {
  readonly userId?: string | null;
  readonly teamId?: Types.ObjectId | null;
}

/**
 * Finds out who is meant; with `how` a member of the team is chosen.
 * @throws AppError invalid-reference for the person or team, invalid-state when nobody of the team is available
 */
export async function resolveAssignment(
  ctx: TenantContext,
  change: Change,
  { userId, teamKey, how }: AssignTo,
): Promise<Assigned> {
  if (typeof userId === "string") await requireUsers(ctx, [userId], "/userId");
  const person = userId === undefined ? {} : { userId };
  if (teamKey === undefined) return person;
  if (teamKey === null) return { ...person, teamId: null };
  const team = await teamByKey(change, teamKey);
  if (how === undefined) return { ...person, teamId: team._id };
  const picked = await pickMember(ctx, change, { teamKey, how });
  if (picked === null)
    throw invalidState(`Nobody of the team ${teamKey} is available. Wait, or give it to a person.`);
  return { userId: picked, teamId: team._id };
}

/**
 * Gives a lead to a person, a team or one of a team, who is notified. To whoever has it: nothing happens.
 * @throws AppError not-found, precondition-failed, invalid-reference for the person or team, invalid-state when nobody
 * of the team is available.
 */
export async function assignLeadInChange(
  ctx: TenantContext,
  change: Change,
  leadId: string | Types.ObjectId,
  to: AssignTo,
  ifMatch?: number,
): Promise<LeadRecord> {
  const before = await livingLead(change, leadId);
  checkVersion(before, ifMatch, toLead);
  const { userId = before.ownerId, teamId = before.teamId } = await resolveAssignment(ctx, change, to);
  const changes = fieldChanges(places(before), places({ ownerId: userId, teamId }), watched);
  if (Object.keys(changes).length === 0) return before;
  const saved = await saveLead(change, before, { ...before, ownerId: userId, teamId });
  const subject = { leadId: before._id.toHexString() };
  change.record({ type: "lead_updated", subject, changes });
  if (changes.ownerId) {
    const data = { fromOwnerId: before.ownerId, toOwnerId: userId };
    change.record({ type: "owner_changed", subject, data });
    await tellOwner(ctx, change, saved, before.ownerId);
  }
  return saved;
}

const watched = new Set(["ownerId", "teamId"]);

function places({ ownerId, teamId }: Pick<LeadRecord, "ownerId" | "teamId">) {
  return { ownerId, teamId: teamId?.toHexString() ?? null };
}

/** @throws AppError as assignLeadInChange. */
export async function assignLead(
  ctx: TenantContext,
  { id, ifMatch }: { id: string; ifMatch?: number | undefined },
  to: AssignTo,
): Promise<Lead> {
  return toLead(await commitChange(ctx, (change) => assignLeadInChange(ctx, change, id, to, ifMatch)));
}
