import * as z from "zod";
import { objectIdSchema, pageSchema } from "../../contracts/common.contract";
import { leadSchema } from "../../contracts/lead.contract";
import {
  assignmentSchema,
  createTeamSchema,
  listTeamsQuery,
  teamSchema,
  updateTeamSchema,
} from "../../contracts/team.contract";
import { defineRoute, type Route } from "../../lib/http/define.route";
import { assignLead } from "../../services/saas/crm/lead.assign";
import { createTeam, deleteTeam, getTeam, listTeams, updateTeam } from "../../services/saas/crm/team.service";

const read = { kind: "tenant", scope: "settings:read" } as const;
const write = { kind: "tenant", scope: "settings:write" } as const;
const tag = "Teams";
const params = z.strictObject({ id: objectIdSchema });
const output = { status: 200, description: "The team as it is now.", body: teamSchema } as const;

const reply = (team: z.input<typeof teamSchema>) => ({ body: team, version: team.version });

/** Teams, and giving leads to them. */
export const teamRoutes: readonly Route[] = [
  defineRoute({
    operationId: "listTeams",
    method: "GET",
    path: "/api/crm/teams",
    tag,
    summary: "List teams",
    description: "Each with its members and those who may be given work now.",
    auth: read,
    input: { query: listTeamsQuery },
    output: { status: 200, description: "Teams by key.", body: pageSchema(teamSchema) },
    problems: ["invalid-cursor"],
    run: async ({ ctx, query }) => ({ body: await listTeams(ctx, query) }),
  }),
  defineRoute({
    operationId: "createTeam",
    method: "POST",
    path: "/api/crm/teams",
    tag,
    summary: "Create a team",
    description: "Its key is unique; rules and assignments name it.",
    auth: write,
    input: { body: createTeamSchema },
    output: { status: 201, description: "The team.", body: teamSchema },
    problems: ["duplicate", "invalid-reference", "invalid-state"],
    idempotent: true,
    run: async ({ ctx, body }) => {
      const team = await createTeam(ctx, body);
      return { ...reply(team), headers: { location: `/api/crm/teams/${team.id}` } };
    },
  }),
  defineRoute({
    operationId: "getTeam",
    method: "GET",
    path: "/api/crm/teams/{id}",
    tag,
    summary: "Read a team",
    description: "With its members and those who may be given work now.",
    auth: read,
    input: { params },
    output,
    problems: ["not-found"],
    run: async ({ ctx, params: { id } }) => reply(await getTeam(ctx, id)),
  }),
  defineRoute({
    operationId: "updateTeam",
    method: "PATCH",
    path: "/api/crm/teams/{id}",
    tag,
    summary: "Change a team",
    description: "Its key never changes: rules name it.",
    auth: write,
    input: { params, body: updateTeamSchema },
    output,
    problems: ["not-found", "precondition-failed", "invalid-reference"],
    run: async ({ ctx, params: { id }, body, ifMatch }) =>
      reply(await updateTeam(ctx, { id, ifMatch }, body)),
  }),
  defineRoute({
    operationId: "deleteTeam",
    method: "DELETE",
    path: "/api/crm/teams/{id}",
    tag,
    summary: "Delete a team",
    description: "What was given to it keeps its id and its people.",
    auth: write,
    input: { params },
    output: { status: 204, description: "It is deleted." },
    problems: ["not-found", "precondition-failed"],
    run: async ({ ctx, params: { id }, ifMatch }) => {
      await deleteTeam(ctx, { id, ifMatch });
      return { body: undefined };
    },
  }),
  defineRoute({
    operationId: "assignLead",
    method: "POST",
    path: "/api/crm/leads/{id}/assign",
    tag,
    summary: "Give a lead to a person or a team",
    description:
      "To a person (`userId`), a team (`teamKey`), or with `how` to one of a team who is available. Whoever gets it is notified.",
    auth: { kind: "tenant", scope: "leads:write" },
    input: { params, body: assignmentSchema },
    output: { status: 200, description: "The lead as it is now.", body: leadSchema },
    problems: ["not-found", "precondition-failed", "invalid-reference", "invalid-state"],
    idempotent: true,
    run: async ({ ctx, params: { id }, body, ifMatch }) => {
      const lead = await assignLead(ctx, { id, ifMatch }, body);
      return { body: lead, version: lead.version, leadId: lead.id };
    },
  }),
];
