/** A trigger that is told late, because whoever was to tell of it died: what happened in the meantime counts. */
import { moveClock } from "../../../src/lib/clock/clock";
import { createTenantContext } from "../../../src/lib/context/create.context";
import type { EventDispatcher, TenantContext } from "../../../src/lib/context/tenant.context";
import { closeAllConnections } from "../../../src/lib/tenant/tenant.registry";
import { createRule } from "../../../src/services/saas/automation/automation.service";
import { dispatchEvents } from "../../../src/services/saas/automation/dispatch.events";
import { receiveExternalEvent } from "../../../src/services/saas/automation/external.event.service";
import { ruleDefinitionSchema } from "../../../src/services/saas/automation/rule.contract";
import { addTags, createLead, getLead } from "../../../src/services/saas/crm/lead.service";
import { createTenant } from "../../builders/client.builder";
import { drainAll } from "../../setup/drain";

let tenant: Awaited<ReturnType<typeof createTenant>>;
const contextOf = (dispatch: EventDispatcher): TenantContext =>
  createTenantContext({
    clientCode: tenant.clientCode,
    actor: { type: "user", id: "tester" },
    requestId: "req_late",
    dispatch,
  });
const told = () => contextOf(dispatchEvents);
const untold = () => contextOf(async () => undefined);

beforeAll(async () => {
  tenant = await createTenant();
});
afterAll(closeAllConnections);

test("a run whose trigger was told late ends by an exit event that was told before", async () => {
  const definition = ruleDefinitionSchema.parse({
    trigger: { event: "lead_created" },
    exitOn: [{ event: "tag_added", filter: { field: "event.data.tag", op: "equals", value: "stop" } }],
    steps: [{ id: "t", type: "add_tag", tag: "welcome" }],
  });
  await createRule(told(), { name: "rule", definition, enabled: true });
  const { id } = await createLead(untold(), { firstName: "Ana", phone: "+351920000900" });
  await moveClock({ byMs: 10_000 });
  await addTags(told(), { id, tags: ["stop"] });
  await moveClock({ byMs: 240_000 });
  await drainAll(dispatchEvents);
  expect((await getLead(told(), id)).tags).toEqual(["stop"]);
  expect(await tenant.models.AutomationRun.find({ leadId: id }).lean()).toMatchObject([{ status: "exited" }]);
});

test("reminders of an appointment whose confirmation was told late follow the move that was told before", async () => {
  const definition = ruleDefinitionSchema.parse({
    trigger: { event: "appointment_confirmed" },
    rescheduleOn: [{ event: "appointment_rescheduled", match: "event.data.appointmentId" }],
    exitOn: [{ event: "appointment_cancelled", match: "event.data.appointmentId" }],
    steps: [
      { id: "n", type: "add_note", text: "It is at {{event.data.startsAt}}" },
      { id: "w", type: "delay", until: "{{event.data.startsAt}}", offset: "-PT1H" },
      { id: "t", type: "add_tag", tag: "reminded" },
    ],
  });
  await createRule(told(), { name: "rule", definition, enabled: true });
  const { id } = await createLead(told(), { firstName: "Ana", phone: "+351920000901" });
  const inHours = (hours: number) => new Date(told().now().getTime() + hours * 3_600_000).toISOString();
  const tell = (ctx: TenantContext, type: string, sequence: number, startsAt: string) =>
    receiveExternalEvent(ctx, {
      id: type,
      type,
      subject: { leadId: id },
      data: { appointmentId: "A-1", sequence, startsAt },
    });
  await tell(untold(), "appointment_confirmed", 0, inHours(5));
  const moved = inHours(9);
  await moveClock({ byMs: 10_000 });
  await tell(told(), "appointment_rescheduled", 1, moved);
  await moveClock({ byMs: 240_000 });
  await drainAll(dispatchEvents);
  const notes = await tenant.models.Note.find({ leadId: id }).lean();
  expect(notes).toMatchObject([{ text: `It is at ${moved}` }]);
  // What the calendar said before, and tells only now, is old news.
  await tell(told(), "appointment_cancelled", 0, inHours(5));
  const [run] = await tenant.models.AutomationRun.find({ leadId: id }).lean();
  expect(run?.dueAt?.toISOString()).toBe(new Date(Date.parse(moved) - 3_600_000).toISOString());
});
