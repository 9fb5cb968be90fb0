/** Choosing who of a team gets the next piece of work. */
import { Types, trusted } from "mongoose";
import type { Picking } from "../../../contracts/team.contract";
import type { TenantContext } from "../../../lib/context/tenant.context";
import type { Change } from "../../../lib/tenant/commit.change";
import type { TeamRecord } from "../../../model/saas/team.schema";
import { invalidReference } from "./crm.problem";
import { activeUsers, isAvailable } from "./user.read";

/** @throws AppError invalid-reference at `/teamKey`. */
export async function teamByKey({ models, session }: Change, teamKey: string): Promise<TeamRecord> {
  const team = await models.Team.findOne({ key: teamKey }).session(session).lean();
  if (!team) throw invalidReference("/teamKey", "team");
  return team;
}

/** Nothing for no team. @throws AppError invalid-reference at `/teamId`. */
export async function requireTeam(
  { models, session }: Change,
  teamId: string | null | undefined,
): Promise<void> {
  if (typeof teamId !== "string") return;
  const team = await models.Team.exists({ _id: new Types.ObjectId(teamId) }).session(session);
  if (!team) throw invalidReference("/teamId", "team");
}

/**
 * The member of a team who is next: in turns, or with the fewest open leads and conversations (of equals whoever's turn
 * it is). Members who are away or disabled are passed over. Exact also when many choose at once: each choice writes the
 * team's row, so the later of two transactions starts again and sees the earlier one's.
 * @returns the key of a user, null when nobody of the team is available
 * @throws AppError invalid-reference when there is no such team
 */
export async function pickMember(
  ctx: TenantContext,
  change: Change,
  { teamKey, how }: { teamKey: string; how: Picking },
): Promise<string | null> {
  const team = await teamByKey(change, teamKey);
  const available = new Set(
    (await activeUsers(ctx, team.memberIds))
      .filter((user) => isAvailable(user, change.now))
      .map(({ key }) => key),
  );
  const turn = inTurns(team).filter((id) => available.has(id));
  const chosen = how === "round_robin" ? turn[0] : await leastBusy(change, turn);
  if (chosen === undefined) return null;
  await change.models.Team.updateOne(
    { _id: team._id },
    { $set: { lastPickedId: chosen }, $inc: { picks: 1 } },
    { session: change.session },
  );
  return chosen;
}

/** Who leads a team: whoever it names, else its first member; null when neither works for the tenant any more. */
export async function teamLead(
  ctx: TenantContext,
  { leaderId, memberIds }: TeamRecord,
): Promise<string | null> {
  const inOrder = leaderId ? [leaderId, ...memberIds] : memberIds;
  const active = new Set((await activeUsers(ctx, inOrder)).map(({ key }) => key));
  return inOrder.find((id) => active.has(id)) ?? null;
}

/** All members, beginning behind whoever was chosen last. */
function inTurns({ memberIds, lastPickedId }: TeamRecord): string[] {
  const last = lastPickedId === null ? -1 : memberIds.indexOf(lastPickedId);
  return [...memberIds.slice(last + 1), ...memberIds.slice(0, last + 1)];
}

async function leastBusy(change: Change, members: readonly string[]): Promise<string | undefined> {
  const load = await openWork(change, members);
  return members.reduce<string | undefined>(
    (best, id) => (best === undefined || (load.get(id) ?? 0) < (load.get(best) ?? 0) ? id : best),
    undefined,
  );
}

/** Open leads and conversations by person; each count reads an index only. */
async function openWork(
  { models, session }: Change,
  members: readonly string[],
): Promise<ReadonlyMap<string, number>> {
  const load = new Map<string, number>();
  for (const member of members) {
    const leads = await models.Lead.countDocuments({
      ownerId: member,
      status: "open",
      deletedAt: null,
    }).session(session);
    const conversations = await models.Conversation.countDocuments({
      assigneeId: member,
      status: trusted({ $in: ["open", "pending"] }),
    }).session(session);
    load.set(member, leads + conversations);
  }
  return load;
}
