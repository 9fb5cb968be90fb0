/** The rules of docs/rules as a tenant gets them: imported, published, and run under the moving clock. */
import { readFileSync } from "node:fs";
import { Types } from "mongoose";
import { moveClock, now } from "../../../src/lib/clock/clock";
import { createTenantContext } from "../../../src/lib/context/create.context";
import type { TenantContext } from "../../../src/lib/context/tenant.context";
import { getCentralModels } from "../../../src/lib/db/get.central.models";
import { dispatchEvents } from "../../../src/services/saas/automation/dispatch.events";
import { receiveExternalEvent } from "../../../src/services/saas/automation/external.event.service";
import { importRule, readRuleFile } from "../../../src/services/saas/automation/rule.file.service";
import { createLead, moveLead, moveLeadToStageKey } from "../../../src/services/saas/crm/lead.service";
import { createLostReason } from "../../../src/services/saas/crm/lost.reason.service";
import { addStage } from "../../../src/services/saas/crm/pipeline.service";
import { createTeam } from "../../../src/services/saas/crm/team.service";
import { sendMessage } from "../../../src/services/saas/messaging/message.service";
import { drainAll } from "../../setup/drain";
import {
  numberOf,
  startWhatsApp,
  type WhatsAppStack,
  type WhatsAppTenant,
  whatsappTenant,
} from "../whatsapp/whatsapp.stack";

let stack: WhatsAppStack;
let tenant: WhatsAppTenant;
let people = 0;
const minute = 60_000;
const hour = 60 * minute;

const contextOf = (): TenantContext =>
  createTenantContext({
    clientCode: tenant.ctx.clientCode,
    actor: { type: "user", id: "maria" },
    requestId: "test-request",
    dispatch: dispatchEvents,
  });
const fileOf = (name: string) => readRuleFile(JSON.parse(readFileSync(`docs/rules/${name}.json`, "utf8")));
const publish = (name: string) => importRule(contextOf(), fileOf(name), { publish: true });
const later = async (byMs: number) => {
  await moveClock({ byMs });
  await drainAll(dispatchEvents);
};
/** To the next time that it is this hour in UTC on this weekday (1 Monday), at least a second away. */
const until = async (weekday: number, atHour: number) => {
  const to = now();
  to.setUTCHours(atHour, 0, 0, 0);
  while (to.getUTCDay() !== weekday % 7 || to <= now()) to.setUTCDate(to.getUTCDate() + 1);
  await moveClock({ to });
  await drainAll(dispatchEvents);
};
const newLead = (more: Parameters<typeof createLead>[1] = {}) => {
  people += 1;
  return createLead(contextOf(), {
    firstName: "Ana",
    phone: `+4477009011${String(people).padStart(2, "0")}`,
    timezone: "UTC",
    consent: { whatsapp: { optIn: true } },
    ...more,
  });
};
type Lead = Awaited<ReturnType<typeof createLead>>;
/** The customer writes. */
const writes = async (lead: Lead) => {
  await moveClock({ byMs: 1_500 });
  await stack.sim("/_sim/inbound", {
    phoneNumberId: tenant.number.phoneNumberId,
    from: lead.phone?.slice(1),
    name: "Ana",
    type: "text",
    text: "Hello",
  });
  await drainAll(dispatchEvents);
};
const sentTo = async ({ id }: Lead) =>
  (await tenant.models.Message.find({ leadId: id, direction: "outbound" }).sort({ _id: 1 }).lean()).map(
    ({ template, text }) => template?.name ?? text,
  );
const runOf = (lead: Lead) =>
  tenant.models.AutomationRun.findOne({ leadId: lead.id }).sort({ _id: -1 }).lean();
const storedTemplate = (name: string, text: string) =>
  tenant.models.Template.create({
    _id: new Types.ObjectId(),
    version: 1,
    createdAt: now(),
    updatedAt: now(),
    wabaId: tenant.number.wabaId,
    name,
    language: "en_US",
    providerId: name,
    status: "APPROVED",
    category: "UTILITY",
    parameterFormat: "NAMED",
    components: [{ type: "BODY", text }],
    syncedAt: now(),
  });

beforeAll(async () => {
  stack = await startWhatsApp();
  tenant = await whatsappTenant(stack, numberOf(1));
  const { User } = await getCentralModels();
  for (const key of ["maria", "joao", "rita"])
    await User.create({
      clientCode: tenant.ctx.clientCode,
      key,
      name: key,
      emailLower: `${key}@acme.example`,
      createdAt: now(),
      updatedAt: now(),
    });
});
beforeEach(() => until(1, 10));
afterEach(async () => {
  await tenant.models.AutomationRule.deleteMany({});
  await tenant.models.AutomationRun.deleteMany({});
});
afterAll(() => stack.close());

test("the welcome goes out after two minutes, and not to whoever wrote before, nor at night", async () => {
  await publish("whatsapp.welcome");
  const quiet = await newLead({ source: "website" });
  const talking = await newLead({ source: "website" });
  const stranger = await newLead({ source: "old list" });
  await writes(talking);
  await later(3 * minute);
  expect([await sentTo(quiet), await sentTo(talking), await sentTo(stranger)]).toEqual([["welcome"], [], []]);
  expect(await runOf(talking)).toMatchObject({ status: "exited", exitReason: "message_received" });
  await until(6, 21);
  const late = await newLead({ tags: ["fair2026"] });
  await later(3 * minute);
  expect(await runOf(late)).toMatchObject({ status: "waiting", wait: { kind: "window" } });
  await until(1, 9);
  expect(await sentTo(late)).toEqual(["welcome"]);
});

test("a day of silence brings a template and then a task, an answer ends it", async () => {
  await publish("no.reply");
  const lead = await newLead({ ownerId: "maria" });
  const answering = await newLead();
  for (const each of [lead, answering]) {
    await writes(each);
    await sendMessage(contextOf(), {
      leadId: each.id,
      clientId: `hello-${each.id}`,
      content: { kind: "text", text: "Hello, this is Maria." },
    });
  }
  await drainAll(dispatchEvents);
  await writes(answering);
  await later(24 * hour + minute);
  expect(await sentTo(lead)).toEqual(["Hello, this is Maria.", "follow_up"]);
  await later(49 * hour);
  expect(await tenant.models.Task.findOne({ leadId: lead.id }).lean()).toMatchObject({
    title: "Call Ana",
    assigneeId: "maria",
  });
  expect(await runOf(lead)).toMatchObject({ status: "completed", exitReason: "done" });
  expect(await runOf(answering)).toMatchObject({ status: "exited", exitReason: "message_received" });
});

test("reminders follow the appointment when it moves, and end when it is called off", async () => {
  await publish("appointment.reminders");
  const lead = await newLead();
  const at = (hours: number) => new Date(now().getTime() + hours * hour).toISOString();
  const tell = async (type: string, startsAt: string) => {
    people += 1;
    const data = { appointmentId: "A-1", startsAt };
    await receiveExternalEvent(contextOf(), {
      id: `calendar-${people}`,
      type,
      subject: { leadId: lead.id },
      data,
    });
    await drainAll(dispatchEvents);
  };
  await tell("appointment_confirmed", at(48));
  await later(hour);
  const moved = at(72);
  await tell("appointment_rescheduled", moved);
  await later(24 * hour);
  expect(await sentTo(lead)).toEqual([]);
  await later(24 * hour);
  expect(await sentTo(lead)).toEqual(["appointment_reminder"]);
  await later(1_000);
  await tell("appointment_cancelled", moved);
  await later(48 * hour);
  expect(await sentTo(lead)).toEqual(["appointment_reminder"]);
  expect(await runOf(lead)).toMatchObject({ status: "exited", exitReason: "appointment_cancelled" });
});

test("a rule that names what is not here is kept as a draft, and says what is missing", async () => {
  const { automation, missing } = await importRule(contextOf(), fileOf("proposal.stage"), { publish: false });
  expect(automation).toMatchObject({ enabled: false, state: "draft" });
  expect(missing).toEqual([
    { kind: "media", key: "brochure", pointer: "/steps/0/mediaKey" },
    { kind: "template", key: "brochure", pointer: "/steps/0/windowClosed/send_template" },
  ]);
  await expect(publish("proposal.stage")).rejects.toMatchObject({ code: "invalid-reference" });
});

test("a proposal sends the brochure's template to whoever has not written, and tells the owner of silence", async () => {
  await storedTemplate("brochure", "Here is our brochure.");
  await tenant.models.MediaAsset.create({
    _id: new Types.ObjectId(),
    version: 1,
    createdAt: now(),
    updatedAt: now(),
    origin: "upload",
    kind: "document",
    key: "brochure",
    state: "ready",
    declaredMime: "application/pdf",
    renditions: [
      {
        role: "original",
        storageKey: "none",
        mime: "application/pdf",
        size: 10,
        sha256: "0".repeat(64),
        width: null,
        height: null,
        durationMs: null,
      },
    ],
  });
  await publish("proposal.stage");
  const lead = await newLead({ ownerId: "rita", value: { amount: 2_000, currency: "EUR" } });
  const small = await newLead({ value: { amount: 10, currency: "EUR" } });
  for (const { id } of [lead, small]) await moveLeadToStageKey(contextOf(), { id, stageKey: "proposal" });
  await drainAll(dispatchEvents);
  expect([await sentTo(lead), await sentTo(small)]).toEqual([["brochure"], []]);
  expect(await tenant.models.Task.findOne({ leadId: lead.id }).lean()).toMatchObject({ assigneeId: "rita" });
  await later(5 * 24 * hour + minute);
  expect(await tenant.models.Notification.find({ leadId: lead.id, kind: "rule" }).lean()).toMatchObject([
    { userId: "rita", text: "Ana has been quiet for five days" },
  ]);
});

test("a lost lead hears from us after sixty days in the window, and an answer opens the deal again", async () => {
  await storedTemplate("come_back", "Hello {{name}}");
  const { AutomationRun, Pipeline } = tenant.models;
  const sales = await Pipeline.findOne({ key: "sales" }).lean();
  await addStage(contextOf(), { id: String(sales?._id) }, { name: "Reopened", type: "open" });
  await createLostReason(contextOf(), { name: "Price" });
  await publish("lost.lead");
  const lead = await newLead();
  const lost = sales?.stages.find(({ type }) => type === "lost");
  await moveLead(contextOf(), { id: lead.id }, { stageId: String(lost?._id), lostReason: "price" });
  await later(60 * 24 * hour + minute);
  // Sixty days after a Monday is a Friday.
  expect(await AutomationRun.findOne({ leadId: lead.id }).lean()).toMatchObject({ wait: { kind: "window" } });
  await until(2, 11);
  expect(await sentTo(lead)).toEqual(["come_back"]);
  await writes(lead);
  const after = await tenant.models.Lead.findById(lead.id).lean();
  const stages = (await Pipeline.findOne({ key: "sales" }).lean())?.stages ?? [];
  expect(stages.find(({ _id }) => after?.stageId?.equals(_id))?.key).toBe("reopened");
});

test("new leads go to whom the routing names, in turns and by load, and the team's lead hears of one nobody wrote to", async () => {
  for (const [key, memberIds] of [
    ["team_pt", ["joao", "rita"]],
    ["team_sales", ["maria", "rita"]],
  ] as const)
    await createTeam(contextOf(), { key, name: key, memberIds: [...memberIds], leaderId: "maria" });
  await publish("lead.routing");
  const large = await newLead({ value: { amount: 9_000, currency: "EUR" } });
  const first = await newLead({ locale: "pt_PT" });
  const second = await newLead({ locale: "pt_PT" });
  const other = await newLead();
  await drainAll(dispatchEvents);
  const owner = async ({ id }: Lead) => (await tenant.models.Lead.findById(id).lean())?.ownerId;
  expect([await owner(large), await owner(first), await owner(second)]).toEqual(["maria", "joao", "rita"]);
  expect(await owner(other)).toMatch(/^(maria|rita)$/);
  expect(await tenant.models.Task.findOne({ leadId: first.id }).lean()).toMatchObject({
    title: "First contact",
    assigneeId: "joao",
  });
  await later(16 * minute);
  expect(await tenant.models.Notification.find({ leadId: first.id, kind: "rule" }).lean()).toMatchObject([
    { userId: "maria", text: "Ana has waited for 15 minutes" },
  ]);
});
