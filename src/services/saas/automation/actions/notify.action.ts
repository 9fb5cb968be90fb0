import type { Types } from "mongoose";
import * as z from "zod";
import { keySchema } from "../../../../contracts/common.contract";
import { userIdSchema } from "../../../../contracts/user.contract";
import type { TenantContext } from "../../../../lib/context/tenant.context";
import { AppError } from "../../../../lib/errors/app.error";
import type { Change } from "../../../../lib/tenant/commit.change";
import type { TeamRecord } from "../../../../model/saas/team.schema";
import { notifyInChange } from "../../crm/notification.service";
import { teamByKey, teamLead } from "../../crm/team.pick";
import { renderText } from "../render";
import { defineChange } from "./action";

const teamKey = (description: string) => keySchema.meta({ description, example: "team_sales" });

const toSchema = z
  .union([
    z.enum(["owner", "team", "team_lead"]),
    z.strictObject({ userKey: userIdSchema.meta({ description: "Key of a user.", example: "maria" }) }),
    z.strictObject({ team: teamKey("Everybody of this team.") }),
    z.strictObject({ team_lead: teamKey("Whoever leads this team.") }),
  ])
  .meta({
    description: "The lead's owner, their team or whoever leads it; or a person, a team, or its lead by key.",
    example: "owner",
  });
type To = z.output<typeof toSchema>;

/** Tells people of the tenant something, inside the product. */
export const notifyAction = defineChange({
  type: "notify",
  description: "Tell people of the tenant something.",
  config: {
    to: toSchema,
    text: z
      .string()
      .trim()
      .min(1)
      .max(1_000)
      .meta({ description: "The line; variables allowed.", example: "{{lead.displayName}} waits 15 min" }),
  },
  async change(ctx, change, { to, text }, input) {
    const rendered = await renderText(text, input.scope);
    const told = await notifyInChange(ctx, change, {
      userIds: await peopleOf(ctx, change, to, input.run.leadId),
      text: rendered,
      leadId: input.run.leadId,
      conversationId: input.run.conversationId,
      effectKey: input.effectKey,
    });
    return { notified: told.length };
  },
});

async function peopleOf(
  ctx: TenantContext,
  change: Change,
  to: To,
  leadId: Types.ObjectId,
): Promise<readonly string[]> {
  if (typeof to === "object" && "userKey" in to) return [to.userKey];
  if (typeof to === "object" && "team" in to) return (await teamByKey(change, to.team)).memberIds;
  if (typeof to === "object") return leadOf(ctx, await teamByKey(change, to.team_lead));
  const { models, session } = change;
  const lead = await models.Lead.findById(leadId).select({ ownerId: 1, teamId: 1 }).session(session).lean();
  const ownerId = lead?.ownerId ?? null;
  if (to === "owner") {
    if (ownerId === null) throw nobody("The lead has no owner, so there is nobody to tell.");
    return [ownerId];
  }
  const team =
    (lead?.teamId ? await models.Team.findById(lead.teamId).session(session).lean() : null) ??
    (ownerId === null
      ? null
      : await models.Team.findOne({ memberIds: ownerId }).sort({ key: 1 }).session(session).lean());
  if (!team) throw nobody("Neither the lead nor its owner belongs to a team, so there is nobody to tell.");
  return to === "team" ? team.memberIds : leadOf(ctx, team);
}

async function leadOf(ctx: TenantContext, team: TeamRecord): Promise<string[]> {
  const leader = await teamLead(ctx, team);
  if (leader === null) throw nobody("Nobody leads the lead's team: it has no active member.");
  return [leader];
}

const nobody = (detail: string) => new AppError("invalid-reference", detail);
