/** Teams of people who share work, and giving a lead to one of them. */
import * as z from "zod";
import { keySchema, objectIdSchema, pageQuery, timestampSchema, versionSchema } from "./common.contract";
import { textLine } from "./text.contract";
import { userIdSchema } from "./user.contract";

const teamKey = keySchema.meta({ description: "Key of the team; rules name it.", example: "team_sales" });
const name = textLine(120).meta({ description: "Name.", example: "Sales" });
const memberIds = z
  .array(userIdSchema)
  .max(200)
  .refine((ids) => new Set(ids).size === ids.length, { error: "must name each member once" })
  .meta({ description: "Keys of its members, in the order in which they take turns.", example: [] });
const leaderId = userIdSchema.nullable().meta({
  description: "Who leads the team: whom rules tell as `team_lead`. Its first member when null.",
  example: null,
});

export const teamSchema = z
  .object({
    id: objectIdSchema,
    version: versionSchema,
    key: teamKey,
    name,
    memberIds: z.array(z.string()).meta({
      description: "Keys of its members, in the order in which they take turns.",
      example: ["maria"],
    }),
    leaderId: z
      .string()
      .nullable()
      .meta({ description: "Key of its leader; null: its first member leads it.", example: "maria" }),
    availableIds: z.array(z.string()).meta({ description: "Members who may be given work now." }),
    createdAt: timestampSchema,
    updatedAt: timestampSchema,
  })
  .meta({ id: "Team", description: "People of the tenant who share work." });
export type Team = z.input<typeof teamSchema>;

export const createTeamSchema = z
  .strictObject({ key: teamKey, name, memberIds: memberIds.default([]), leaderId: leaderId.default(null) })
  .meta({ id: "TeamInput", example: { key: "team_sales", name: "Sales", memberIds: [] } });
export type CreateTeam = z.output<typeof createTeamSchema>;

export const updateTeamSchema = z
  .strictObject({ name: name.optional(), memberIds: memberIds.optional(), leaderId: leaderId.optional() })
  .meta({ id: "TeamPatch", example: { name: "Sales" } });
export type UpdateTeam = z.output<typeof updateTeamSchema>;

export const listTeamsQuery = z.strictObject({
  ...pageQuery,
  memberId: userIdSchema.optional().meta({ description: "Only teams of this person." }),
});
export type ListTeams = z.output<typeof listTeamsQuery>;

/** How a member is chosen: in turns, or whoever has the fewest open leads and conversations. */
const pickingSchema = z.enum(["round_robin", "least_busy"]).meta({
  description: "In turns, or whoever has the fewest open leads and conversations.",
  example: "round_robin",
});
export type Picking = z.output<typeof pickingSchema>;

/** Who is to have something: a person, one of a team, or a team as a whole. */
export const assignmentSchema = z
  .strictObject({
    userId: userIdSchema.nullable().optional().meta({ description: "Key of a user; null: nobody." }),
    teamKey: teamKey.nullable().optional().meta({ description: "The team; null: none." }),
    how: pickingSchema.optional().meta({ description: "Choose a member of the team." }),
  })
  .refine((given) => given.userId !== undefined || given.teamKey !== undefined, {
    error: "must name userId or teamKey",
  })
  .refine((given) => given.how === undefined || (given.userId === undefined && Boolean(given.teamKey)), {
    error: "needs teamKey, and no userId",
    path: ["how"],
  })
  .meta({ id: "Assignment", example: { userId: null } });
export type Assignment = z.output<typeof assignmentSchema>;
