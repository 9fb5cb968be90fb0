import {
  byExternalParams,
  byPhoneParams,
  updateLeadSchema,
  upsertByPhoneSchema,
} from "../../contracts/lead.input.contract";
import { defineRoute, type Route } from "../../lib/http/define.route";
import { type Upserted, upsertLead } from "../../services/saas/crm/lead.service";
import { leadOutput, leadReply } from "./lead.output";

const write = { kind: "tenant", scope: "leads:write" } as const;
const tag = "Leads";
const output = { ...leadOutput, also: { 201: "The lead, which is new." } } as const;
const problems = ["precondition-failed", "duplicate", "invalid-phone", "invalid-reference"] as const;

const upsertReply = ({ lead, created }: Upserted) =>
  created
    ? { ...leadReply(lead), status: 201, headers: { location: `/api/crm/leads/${lead.id}` } }
    : leadReply(lead);

/** Leads by the keys that other systems know them by: created when they are new, else changed. */
export const leadUpsertRoutes: readonly Route[] = [
  defineRoute({
    operationId: "upsertLeadByPhone",
    method: "PUT",
    path: "/api/crm/leads/by-phone/{e164}",
    tag,
    summary: "Create or change the lead with this phone",
    description: "Any spelling of the number. 201 when the lead is new, else 200.",
    auth: write,
    input: { params: byPhoneParams, body: upsertByPhoneSchema },
    output,
    problems,
    run: async ({ ctx, params: { e164 }, body, ifMatch }) =>
      upsertReply(await upsertLead(ctx, { phone: e164 }, body, ifMatch)),
  }),
  defineRoute({
    operationId: "upsertLeadByExternalId",
    method: "PUT",
    path: "/api/crm/leads/by-external/{system}/{id}",
    tag,
    summary: "Create or change the lead with this id in another system",
    description: "201 when the lead is new, else 200. Ids that it goes by after a merge stay.",
    auth: write,
    input: { params: byExternalParams, body: updateLeadSchema },
    output,
    problems,
    run: async ({ ctx, params, body, ifMatch }) =>
      upsertReply(await upsertLead(ctx, { externalId: params }, body, ifMatch)),
  }),
];
