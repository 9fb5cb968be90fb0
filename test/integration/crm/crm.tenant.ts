/** What the CRM tests share: a tenant with its default pipeline, its API and its context. */
import type * as z from "zod";
import { pageSchema } from "../../../src/contracts/common.contract";
import type { CrmEvent } from "../../../src/contracts/crm.event.contract";
import { leadSchema } from "../../../src/contracts/lead.contract";
import { pipelineSchema } from "../../../src/contracts/pipeline.contract";
import { createTenantContext } from "../../../src/lib/context/create.context";
import type { TenantContext } from "../../../src/lib/context/tenant.context";
import type { CrmModels } from "../../../src/lib/tenant/get.crm.model";
import { auditRoutes } from "../../../src/routes/crm/audit.routes";
import { cannedResponseRoutes } from "../../../src/routes/crm/canned.response.routes";
import { changeRoutes } from "../../../src/routes/crm/change.routes";
import { conversationRoutes } from "../../../src/routes/crm/conversation.routes";
import { customFieldRoutes } from "../../../src/routes/crm/custom.field.routes";
import { inboxRoutes } from "../../../src/routes/crm/inbox.routes";
import { leadRoutes } from "../../../src/routes/crm/lead.routes";
import { lostReasonRoutes } from "../../../src/routes/crm/lost.reason.routes";
import { meetingRoutes } from "../../../src/routes/crm/meeting.routes";
import { notificationRoutes } from "../../../src/routes/crm/notification.routes";
import { pipelineRoutes } from "../../../src/routes/crm/pipeline.routes";
import { settingsRoutes } from "../../../src/routes/crm/settings.routes";
import { taskRoutes } from "../../../src/routes/crm/task.routes";
import { teamRoutes } from "../../../src/routes/crm/team.routes";
import { transferRoutes } from "../../../src/routes/crm/transfer.routes";
import { userRoutes } from "../../../src/routes/crm/user.routes";
import { vocabularyRoutes } from "../../../src/routes/crm/vocabulary.routes";
import { ensureTenantDefaults } from "../../../src/services/saas/crm/tenant.defaults";
import { ApiClient, keysOf, lambdaTransport } from "../../builders/api.client";
import { createTenant } from "../../builders/client.builder";

export interface CrmTenant {
  readonly api: ApiClient;
  readonly ctx: TenantContext;
  readonly models: CrmModels;
  /** Events that were dispatched, in their order. */
  readonly events: CrmEvent[];
}

/** A new tenant in Brazil. */
export async function crmTenant(): Promise<CrmTenant> {
  const tenant = await createTenant();
  const events: CrmEvent[] = [];
  const dispatch = async (_ctx: TenantContext, dispatched: readonly CrmEvent[]) => {
    events.push(...dispatched);
  };
  const ctx = createTenantContext({
    clientCode: tenant.clientCode,
    actor: { type: "api_key", id: "test" },
    requestId: "req_test",
    dispatch,
  });
  await ensureTenantDefaults(ctx);
  await tenant.models.TenantSettings.updateOne({ _id: "settings" }, { $set: { defaultCountry: "BR" } });
  const routes = [
    ...leadRoutes,
    ...pipelineRoutes,
    ...lostReasonRoutes,
    ...vocabularyRoutes,
    ...meetingRoutes,
    ...settingsRoutes,
    ...auditRoutes,
    ...changeRoutes,
    ...customFieldRoutes,
    ...userRoutes,
    ...teamRoutes,
    ...taskRoutes,
    ...notificationRoutes,
    ...transferRoutes,
    ...conversationRoutes,
    ...inboxRoutes,
    ...cannedResponseRoutes,
  ];
  const api = new ApiClient(lambdaTransport(routes, { dispatch }), keysOf(tenant));
  return { api, ctx, models: tenant.models, events };
}

let made = 0;

/** Creates a lead by the API, by default with a name of its own only. */
export async function newLead(
  { api }: CrmTenant,
  fields: Record<string, unknown> = { firstName: `Lead ${++made}` },
): Promise<z.output<typeof leadSchema>> {
  const answer = await api.post("/api/crm/leads", fields);
  expect(answer.status).toBe(201);
  return answer.as(leadSchema);
}

/** The ids of the default pipeline's stages by their keys. */
export async function stagesOf({ api }: CrmTenant): Promise<Record<string, string>> {
  const { data } = (await api.get("/api/crm/pipelines")).as(pageSchema(pipelineSchema));
  const stages = data.find(({ isDefault }) => isDefault)?.stages ?? [];
  return Object.fromEntries(stages.map(({ key, id }) => [key, id]));
}

/** The types of the events since the last look. */
export function takeEvents({ events }: CrmTenant): string[] {
  return events.splice(0).map(({ type }) => type);
}
