/** Teams: who shares which work. */
import { type QueryFilter, Types } from "mongoose";
import type { CreateTeam, ListTeams, Team, UpdateTeam } from "../../../contracts/team.contract";
import type { TenantContext } from "../../../lib/context/tenant.context";
import { AppError } from "../../../lib/errors/app.error";
import { type Page, pageOf } from "../../../lib/query/page";
import { type Change, commitChange } from "../../../lib/tenant/commit.change";
import { getCrmModels } from "../../../lib/tenant/get.crm.model";
import type { TeamRecord } from "../../../model/saas/team.schema";
import { changedFields, shownChanges } from "./changed.fields";
import { checkVersion, invalidState, notFound } from "./crm.problem";
import { toTimestamp } from "./lead.serialiser";
import { activeUsers, isAvailable, requireUsers } from "./user.read";

const maxTeams = 200;

/** A team by id, at the version the caller saw when `ifMatch` is given. */
export interface TeamAt {
  readonly id: string;
  readonly ifMatch?: number | undefined;
}

/** Teams by key. @throws AppError invalid-cursor. */
export async function listTeams(ctx: TenantContext, query: ListTeams): Promise<Page<Team>> {
  const { Team } = await getCrmModels(ctx.clientCode);
  const filter: QueryFilter<TeamRecord> = query.memberId === undefined ? {} : { memberIds: query.memberId };
  const page = await pageOf(ctx, Team, { route: "listTeams", query, filter, sort: { key: 1 } });
  return { ...page, data: await shown(ctx, page.data) };
}

/** @throws AppError not-found. */
export async function getTeam(ctx: TenantContext, id: string): Promise<Team> {
  const { Team } = await getCrmModels(ctx.clientCode);
  const team = await Team.findById(new Types.ObjectId(id)).lean();
  if (!team) throw notFound("team");
  return showOne(ctx, team);
}

/** @throws AppError duplicate (names `teamId`) for a key in use, invalid-reference for a member, invalid-state above the limit. */
export async function createTeam(ctx: TenantContext, input: CreateTeam): Promise<Team> {
  await requireUsers(ctx, input.memberIds, "/memberIds");
  await requireUsers(ctx, input.leaderId === null ? [] : [input.leaderId], "/leaderId");
  const team = await commitChange(ctx, async (change) => {
    const { Team } = change.models;
    const { session, now } = change;
    const twin = await Team.findOne({ key: input.key }).session(session).lean();
    if (twin)
      throw new AppError("duplicate", "A team with this key is there already. Choose another.", {
        extensions: { teamId: twin._id.toHexString() },
      });
    if ((await Team.countDocuments({}).session(session)) >= maxTeams)
      throw invalidState(`A tenant has at most ${maxTeams} teams. Delete one first.`);
    const record: TeamRecord = {
      _id: new Types.ObjectId(),
      version: 1,
      createdAt: now,
      updatedAt: now,
      ...input,
      lastPickedId: null,
      picks: 0,
    };
    await Team.insertMany([record], { session });
    tell(change, null, record);
    return record;
  });
  return showOne(ctx, team);
}

/** Members who left the tenant may stay in the list; new ones must work for it. @throws AppError not-found, precondition-failed, invalid-reference. */
export async function updateTeam(ctx: TenantContext, at: TeamAt, patch: UpdateTeam): Promise<Team> {
  const before = await getTeam(ctx, at.id);
  const added = (patch.memberIds ?? []).filter((id) => !before.memberIds.includes(id));
  await requireUsers(ctx, added, "/memberIds");
  await requireUsers(ctx, patch.leaderId ? [patch.leaderId] : [], "/leaderId");
  const team = await commitChange(ctx, async (change) => {
    const stored = await teamInChange(ctx, change, at);
    const after = {
      ...stored,
      name: patch.name ?? stored.name,
      memberIds: patch.memberIds ?? stored.memberIds,
      leaderId: patch.leaderId === undefined ? (stored.leaderId ?? null) : patch.leaderId,
    };
    if (Object.keys(changedFields(stored, after)).length === 0) return stored;
    const saved = { ...after, version: stored.version + 1, updatedAt: change.now };
    await change.models.Team.updateOne(
      { _id: stored._id },
      { $set: changedFields(stored, saved) },
      { session: change.session },
    );
    tell(change, stored, saved);
    return saved;
  });
  return showOne(ctx, team);
}

/** Deletes a team; what was given to it keeps its id and its people. @throws AppError not-found, precondition-failed. */
export async function deleteTeam(ctx: TenantContext, at: TeamAt): Promise<void> {
  await commitChange(ctx, async (change) => {
    const team = await teamInChange(ctx, change, at);
    await change.models.Team.deleteOne({ _id: team._id }, { session: change.session });
    tell(change, team, null);
  });
}

async function teamInChange(
  ctx: TenantContext,
  change: Change,
  { id, ifMatch }: TeamAt,
): Promise<TeamRecord> {
  const team = await change.models.Team.findById(new Types.ObjectId(id)).session(change.session).lean();
  if (!team) throw notFound("team");
  if (ifMatch !== undefined && ifMatch !== team.version) {
    const current = await showOne(ctx, team);
    checkVersion(team, ifMatch, () => current);
  }
  return team;
}

function tell(change: Change, before: TeamRecord | null, after: TeamRecord | null): void {
  const team = after ?? before;
  if (!team) return;
  const action = before === null ? "created" : after === null ? "deleted" : "updated";
  change.record({
    type: "team_updated",
    subject: { teamId: team._id.toHexString() },
    data: { teamKey: team.key, action, memberIds: team.memberIds },
    changes: shownChanges(before && told(before), after && told(after)),
  });
}

function told({ key, name, memberIds, leaderId }: TeamRecord) {
  return { key, name, memberIds, leaderId: leaderId ?? null };
}

async function showOne(ctx: TenantContext, team: TeamRecord): Promise<Team> {
  const [one] = await shown(ctx, [team]);
  if (!one) throw new Error("A team was lost while it was shown.");
  return one;
}

async function shown(ctx: TenantContext, teams: readonly TeamRecord[]): Promise<Team[]> {
  const now = ctx.now();
  const members = await activeUsers(ctx, [...new Set(teams.flatMap(({ memberIds }) => memberIds))]);
  const available = new Set(members.filter((user) => isAvailable(user, now)).map(({ key }) => key));
  return teams.map((team) => ({
    id: team._id.toHexString(),
    version: team.version,
    key: team.key,
    name: team.name,
    memberIds: team.memberIds,
    leaderId: team.leaderId ?? null,
    availableIds: team.memberIds.filter((id) => available.has(id)),
    createdAt: toTimestamp(team.createdAt),
    updatedAt: toTimestamp(team.updatedAt),
  }));
}
