/** Broadcasts: everybody once, opt-outs with their reason, no faster than the number, and people who stop them. */

import { setTimeout as sleep } from "node:timers/promises";
import { Types } from "mongoose";
import * as z from "zod";
import {
  broadcastPreviewSchema,
  broadcastRecipientSchema,
  broadcastReportSchema,
  broadcastSchema,
} from "../../../src/contracts/broadcast.contract";
import { pageSchema } from "../../../src/contracts/common.contract";
import { savedSearchSchema } from "../../../src/contracts/saved.search.contract";
import { moveClock, now } from "../../../src/lib/clock/clock";
import { getCentralModels } from "../../../src/lib/db/get.central.models";
import { broadcastRoutes } from "../../../src/routes/crm/broadcast.routes";
import { savedSearchRoutes } from "../../../src/routes/crm/saved.search.routes";
import { createRule } from "../../../src/services/saas/automation/automation.service";
import { sweepBroadcasts } from "../../../src/services/saas/automation/broadcast/broadcast.sweep";
import { dispatchEvents } from "../../../src/services/saas/automation/dispatch.events";
import { sentByRules } from "../../../src/services/saas/automation/may.send";
import { ruleDefinitionSchema } from "../../../src/services/saas/automation/rule.contract";
import { startRuns } from "../../../src/services/saas/automation/start.runs";
import { createLead } from "../../../src/services/saas/crm/lead.service";
import { ApiClient, lambdaTransport } from "../../builders/api.client";
import {
  numberOf,
  startWhatsApp,
  type WhatsAppStack,
  type WhatsAppTenant,
  whatsappTenant,
} from "../whatsapp/whatsapp.stack";

let stack: WhatsAppStack;
let tenant: WhatsAppTenant;
let api: ApiClient;
let people = 0;
const path = "/api/crm/broadcasts";
const hour = 3_600_000;

beforeAll(async () => {
  stack = await startWhatsApp();
  tenant = await whatsappTenant(stack, numberOf(1));
  api = new ApiClient(lambdaTransport([...broadcastRoutes, ...savedSearchRoutes]), tenant.keys);
});
beforeEach(async () => {
  await stack.sim("/_sim/statuses", { steps: [] });
  await fetch(`${stack.graph.url}/_sim/faults`, { method: "DELETE" });
  await tenant.models.SendPace.deleteMany({});
  await number({ state: "active", messagesPerSecond: null, messagingLimit: null });
});
afterAll(() => stack.close());

const number = (fields: object) => tenant.models.Connection.updateOne({}, { $set: fields });
const withTag = (tag: string) => ({ condition: { field: "lead.tags", op: "any_of", value: [tag] } });
const template = { name: "welcome", variables: { first_name: "{{lead.firstName}}" } };

/** A lead with the tag; what it lacks or refuses comes as `more`. */
async function person(tag: string, more: object = {}): Promise<{ id: string; phone: string }> {
  people += 1;
  const phone = `4477009030${String(people).padStart(2, "0")}`;
  const lead = await createLead(tenant.ctx, {
    firstName: `P${people}`,
    phone: `+${phone}`,
    tags: [tag],
    ...more,
  });
  return { id: lead.id, phone };
}

async function draft(body: object): Promise<string> {
  const answer = await api.post(path, { name: "Offer", template, ...body });
  expect([answer.status, answer.status === 201 ? null : answer.json()]).toEqual([201, null]);
  return answer.as(broadcastSchema).id;
}
async function steer(id: string, verb: string, status = 200) {
  const answer = await api.post(`${path}/${id}/${verb}`, {});
  expect([answer.status, answer.status === status ? null : answer.json()]).toEqual([status, null]);
  return answer;
}
const start = (id: string) => steer(id, "start");
const read = async (id: string) => (await api.get(`${path}/${id}`)).as(broadcastSchema);
const report = async (id: string) => (await api.get(`${path}/${id}/report`)).as(broadcastReportSchema);
const acceptedBy = async (phone: string) =>
  (await stack.sends(phone)).filter(({ status }) => status === 200).length;

/** Runs what is due until it stands still: a broadcast comes back every half a second. */
async function settle(id: string): Promise<void> {
  for (let tries = 0; tries < 40; tries += 1) {
    await stack.drain();
    const { state, hold } = await read(id);
    if (state !== "running" || hold) break;
    await sleep(100);
  }
}

test("a template goes once to everybody whom a saved search finds, and who is left out is told why", async () => {
  const tag = "spring";
  const [ana, ben, cid] = [await person(tag), await person(tag), await person(tag)];
  const refused = await person(tag, { doNotContact: true });
  const out = await person(tag, { consent: { whatsapp: { optIn: false } } });
  const nameless = await person(tag, { firstName: undefined, displayName: "?" });
  const unreachable = await person(tag, { phone: undefined, email: "x@example.com" });
  const stranger = await person("autumn");
  const search = (await api.post("/api/crm/saved-searches", { name: "Spring", ...withTag(tag) })).as(
    savedSearchSchema,
  );
  const id = await draft({ audience: { savedSearchId: search.id } });

  const preview = (await steer(id, "preview")).as(broadcastPreviewSchema);
  expect(preview.recipients).toBe(7);
  expect(preview.samples[0]).toEqual({
    leadId: ana.id,
    text: expect.stringContaining("Hello P1"),
    skipped: null,
  });

  expect((await start(id)).as(broadcastSchema).state).toBe("running");
  expect((await start(id)).status).toBe(200);
  await settle(id);
  // The job again, as after a crash, finds nothing to do.
  await tenant.models.Broadcast.updateOne({}, { $set: { state: "running", endedAt: null } });
  expect(await sweepBroadcasts(tenant.ctx)).toEqual({ taken: 1 });
  await settle(id);
  expect(await read(id)).toMatchObject({ state: "done", recipients: 7, hold: null });
  for (const { phone } of [ana, ben, cid]) expect(await acceptedBy(phone)).toBe(1);
  for (const { phone } of [refused, out, nameless, unreachable, stranger])
    expect(await acceptedBy(phone)).toBe(0);

  // What became of them: one read, one failed afterwards, one answers.
  const wamidOf = async ({ id: leadId }: { id: string }) =>
    (await tenant.models.Message.findOne({ leadId }).lean())?.provider.messageId;
  await stack.sim("/_sim/statuses/send", { wamid: await wamidOf(ana), status: "read" });
  await stack.sim("/_sim/statuses/send", { wamid: await wamidOf(ben), status: "failed", code: 131_026 });
  await moveClock({ byMs: 2_000 });
  await stack.sim("/_sim/inbound", {
    phoneNumberId: tenant.number.phoneNumberId,
    from: cid.phone,
    type: "text",
    text: "Tell me more",
  });
  await stack.drain();
  const answers = tenant.events.filter(({ type }) => type === "message_received");
  await dispatchEvents(tenant.ctx, answers);
  await dispatchEvents(tenant.ctx, answers);
  expect(await report(id)).toEqual({
    recipients: 7,
    pending: 0,
    skipped: 4,
    handedOver: 3,
    progress: 1,
    queued: 0,
    accepted: 3,
    delivered: 1,
    read: 1,
    failed: 1,
    unknown: 0,
    replied: 1,
    failedByCode: [{ code: 131_026, title: "Cannot be delivered", count: 1 }],
    skippedByCode: expect.arrayContaining([
      { code: "do_not_contact", count: 1 },
      { code: "opted_out", count: 1 },
      { code: "missing_variable", count: 1 },
      { code: "no_address", count: 1 },
    ]),
  });
  const skipped = await api.get(`${path}/${id}/recipients?state=skipped&limit=2`);
  const page = skipped.as(pageSchema(broadcastRecipientSchema));
  expect(page.data.map(({ code, detail }) => [code, detail !== null])).toEqual([
    ["do_not_contact", true],
    ["missing_variable", true],
  ]);
  const more = await api.get(
    `${path}/${id}/recipients?state=skipped&limit=2&cursor=${encodeURIComponent(page.nextCursor ?? "")}`,
  );
  expect(more.as(pageSchema(broadcastRecipientSchema)).data.map(({ leadId }) => leadId)).toEqual([
    unreachable.id,
    out.id,
  ]);
});

test("who stopped marketing gets none, and who never opted in only where that is enough", async () => {
  const tag = "marketing";
  const stopped = await person(tag);
  await tenant.models.Lead.updateOne(
    { _id: stopped.id },
    { $set: { "consent.marketing": { optIn: false, at: now(), source: "whatsapp" } } },
  );
  const willing = await person(tag, { consent: { whatsapp: { optIn: true } } });
  const silent = await person(tag);
  const id = await draft({
    template: { ...template, name: "follow_up" },
    audience: withTag(tag),
    requireOptIn: true,
  });
  await start(id);
  await settle(id);
  expect(await acceptedBy(willing.phone)).toBe(1);
  expect(await acceptedBy(silent.phone)).toBe(0);
  expect((await report(id)).skippedByCode).toEqual([{ code: "no_opt_in", count: 2 }]);
  const open = await draft({ template: { ...template, name: "follow_up" }, audience: withTag(tag) });
  await start(open);
  await settle(open);
  expect((await report(open)).skippedByCode).toEqual([{ code: "marketing_stopped", count: 1 }]);
  expect(await acceptedBy(silent.phone)).toBe(1);
});

test("it waits for the send window in each person's own zone and says so", async () => {
  const tag = "window";
  const at = now();
  const open = `${String((at.getUTCHours() + 3) % 24).padStart(2, "0")}:00`;
  const close = `${String((at.getUTCHours() + 5) % 24).padStart(2, "0")}:00`;
  const here = await person(tag, { timezone: "UTC" });
  // Where it is four hours later, the window is open now or was already: it opens there tomorrow or now.
  const there = await person(tag, { timezone: "Etc/GMT-4" });
  const id = await draft({ audience: withTag(tag), sendWindow: { from: open, to: close } });
  await start(id);
  await settle(id);
  expect(await acceptedBy(there.phone)).toBe(1);
  expect(await acceptedBy(here.phone)).toBe(0);
  const held = await read(id);
  expect(held).toMatchObject({ state: "running", hold: { code: "outside_send_window" } });
  expect(Date.parse(held.hold?.until ?? "") - at.getTime()).toBeGreaterThan(hour);
  await moveClock({ byMs: 3.5 * hour });
  await settle(id);
  expect(await acceptedBy(here.phone)).toBe(1);
  expect((await read(id)).state).toBe("done");
});

test("it hands over no more than the number sends, and a stop takes back what was not sent", async () => {
  const tag = "slow";
  await number({ messagesPerSecond: 1 });
  const all = await Promise.all(Array.from({ length: 7 }, () => person(tag)));
  await stack.sim("/_sim/faults", {
    match: { method: "POST", path: "messages$" },
    status: 503,
    body: { error: { message: "busy", type: "OAuthException", code: 2, fbtrace_id: "x" } },
    times: 100,
  });
  const id = await draft({ audience: withTag(tag) });
  await start(id);
  await stack.drain();
  // Two seconds' worth, and at least four: the others do not stand in front of what people write by hand.
  expect(await report(id)).toMatchObject({
    recipients: 7,
    handedOver: 4,
    queued: 4,
    pending: 3,
    accepted: 0,
  });
  expect((await steer(id, "stop")).as(broadcastSchema).state).toBe("stopped");
  expect((await steer(id, "stop")).as(broadcastSchema).state).toBe("stopped");
  await steer(id, "resume", 422);
  await fetch(`${stack.graph.url}/_sim/faults`, { method: "DELETE" });
  await moveClock({ byMs: hour });
  await stack.drain();
  for (const { phone } of all) expect(await acceptedBy(phone)).toBe(0);
  expect(await report(id)).toMatchObject({
    pending: 0,
    queued: 0,
    failed: 4,
    failedByCode: [{ code: null, count: 4 }],
    skippedByCode: [{ code: "stopped", count: 3 }],
  });
  const failed = await tenant.models.Message.findOne({ status: "failed", "sender.type": "automation" })
    .sort({ _id: -1 })
    .lean();
  expect(failed?.error?.explanation).toBe("The broadcast was stopped before this message was sent.");
  // What never reached a person does not weigh on how often they are written to.
  expect(
    await sentByRules(tenant.ctx, failed?.leadId ?? new Types.ObjectId(), { messages: 3, per: "P1D" }),
  ).toEqual([]);
});

test("pausing holds it, a paused number holds it, and it goes on without anybody getting it twice", async () => {
  const tag = "pause";
  const all = await Promise.all(Array.from({ length: 5 }, () => person(tag)));
  await number({ state: "paused", pausedReason: "The token expired." });
  const id = await draft({ audience: withTag(tag) });
  await start(id);
  await settle(id);
  expect((await read(id)).hold).toMatchObject({
    code: "number-paused",
    detail: expect.stringContaining("token"),
  });
  expect((await steer(id, "pause")).as(broadcastSchema)).toMatchObject({ state: "paused", hold: null });
  await number({ state: "active", pausedReason: null });
  await moveClock({ byMs: hour });
  await stack.drain();
  expect((await report(id)).handedOver).toBe(0);
  await steer(id, "resume");
  await settle(id);
  for (const { phone } of all) expect(await acceptedBy(phone)).toBe(1);
  expect((await read(id)).state).toBe("done");
  await steer(id, "pause", 422);
});

test("Meta's limit of people in a day is kept, and the rest goes when there is room", async () => {
  await moveClock({ byMs: 25 * hour });
  const tag = "limit";
  await number({ messagingLimit: "TIER_4" });
  const all = await Promise.all(Array.from({ length: 5 }, () => person(tag)));
  const id = await draft({ audience: withTag(tag) });
  await start(id);
  await settle(id);
  expect(await report(id)).toMatchObject({ handedOver: 3, pending: 2, progress: 0.6 });
  expect((await read(id)).hold).toMatchObject({ code: "daily-limit", until: expect.any(String) });
  await moveClock({ byMs: 24 * hour + 60_000 });
  await settle(id);
  expect(await report(id)).toMatchObject({ handedOver: 5, pending: 0 });
  for (const { phone } of all) expect(await acceptedBy(phone)).toBe(1);
});

test("what would fail for everybody is refused at the start, or pauses it with the reason", async () => {
  const tag = "blocked";
  await person(tag);
  const unknown = await draft({ audience: withTag(tag), template: { name: "no_such_template" } });
  expect((await steer(unknown, "start", 422)).problem().code).toBe("template-not-sendable");
  const empty = await draft({ audience: withTag(tag), template: { name: "welcome" } });
  expect((await steer(empty, "start", 422)).problem().code).toBe("missing-variable");

  const id = await draft({ audience: withTag(tag) });
  await number({ state: "paused" });
  await start(id);
  await settle(id);
  await tenant.models.Template.updateMany({ name: "welcome" }, { $set: { status: "PAUSED" } });
  await number({ state: "active" });
  await moveClock({ byMs: hour });
  await settle(id);
  expect(await read(id)).toMatchObject({ state: "paused", hold: { code: "template-not-sendable" } });
  await tenant.models.Template.updateMany({ name: "welcome" }, { $set: { status: "APPROVED" } });
  await steer(id, "resume");
  await settle(id);
  expect(await report(id)).toMatchObject({ handedOver: 1, pending: 0 });
});

test("one that is set for later finds its people then, and a draft is checked and changed until it starts", async () => {
  const wrong = await api.post(path, {
    name: "Offer",
    template: { name: "welcome", variables: { first_name: "{{lead.firstNme}} {{event.data.x}}" } },
    audience: { condition: { field: "lead.tgs", op: "any_of", value: ["x"] } },
  });
  expect(wrong.status).toBe(400);
  expect(
    wrong.problem().errors?.map(({ pointer, detail }) => [pointer, detail.includes("lead.firstName")]),
  ).toEqual([
    ["/template/variables/first_name", true],
    ["/template/variables/first_name", false],
  ]);
  const nobody = await api.post(path, { name: "Offer", template, audience: {} });
  expect(nobody.status).toBe(400);
  const id = await draft({ audience: withTag("later") });
  const patched = await api.patch(`${path}/${id}`, { name: "Later" });
  expect(patched.as(broadcastSchema)).toMatchObject({ name: "Later", version: 2 });
  const at = new Date(now().getTime() + hour).toISOString();
  const scheduled = await api.post(`${path}/${id}/start`, { at });
  expect(scheduled.as(broadcastSchema)).toMatchObject({ state: "scheduled", startAt: at });
  expect((await api.delete(`${path}/${id}`)).status).toBe(422);
  const late = await person("later");
  await stack.drain();
  expect((await read(id)).state).toBe("scheduled");
  await moveClock({ byMs: hour + 1_000 });
  await settle(id);
  expect(await acceptedBy(late.phone)).toBe(1);
  expect((await read(id)).state).toBe("done");
});

test("one that is stopped before its time is over at once", async () => {
  const id = await draft({ audience: withTag("never") });
  const at = new Date(now().getTime() + hour).toISOString();
  await api.post(`${path}/${id}/start`, { at });
  const stopped = (await api.post(`${path}/${id}/stop`, {})).as(broadcastSchema);
  expect(stopped).toMatchObject({ state: "stopped", recipients: 0, endedAt: expect.any(String) });
});

test("a rule's message that still waits is not sent any more when the answer that ends the rule comes first", async () => {
  const customer = await person("welcome_me");
  const rule = await createRule(tenant.ctx, {
    name: "Welcome",
    definition: ruleDefinitionSchema.parse({
      trigger: { event: "manual" },
      exitOn: [{ event: "message_received" }],
      steps: [
        { id: "s1", type: "send_template", template: "welcome", variables: { first_name: "A" } },
        { id: "w", type: "delay", duration: "P1D" },
      ],
    }),
    enabled: true,
  });
  await number({ state: "paused" });
  tenant.events.length = 0;
  await startRuns(tenant.ctx, { ruleId: rule.id, leadIds: [customer.id] });
  await dispatchEvents(tenant.ctx, tenant.events.splice(0));
  await stack.drain();
  await moveClock({ byMs: 60_000 });
  await stack.sim("/_sim/inbound", {
    phoneNumberId: tenant.number.phoneNumberId,
    from: customer.phone,
    type: "text",
    text: "I am here already",
  });
  await stack.drain();
  await dispatchEvents(tenant.ctx, tenant.events.splice(0));
  await number({ state: "active" });
  const { Job } = await getCentralModels();
  await Job.updateMany({ type: "whatsapp.send", state: "scheduled" }, { $set: { runAt: new Date(0) } });
  await stack.drain();
  expect(await acceptedBy(customer.phone)).toBe(0);
  const message = await tenant.models.Message.findOne({ leadId: customer.id, direction: "outbound" }).lean();
  expect(message).toMatchObject({
    status: "failed",
    error: { explanation: "The rule's run ended (message_received) before this message was sent." },
  });
});

test("saved searches have names of their own and are checked like any search", async () => {
  const body = { name: "VIP", ...withTag("vip") };
  const made = (await api.post("/api/crm/saved-searches", body)).as(savedSearchSchema);
  expect((await api.post("/api/crm/saved-searches", body)).status).toBe(409);
  const bad = await api.post("/api/crm/saved-searches", {
    name: "Bad",
    condition: { field: "lead.nothing", op: "equals", value: 1 },
  });
  expect(bad.problem().errors?.[0]?.pointer).toMatch(/^\/condition/);
  const at = `/api/crm/saved-searches/${made.id}`;
  const renamed = await api.patch(at, { name: "Very important", condition: null });
  expect(renamed.status).toBe(400);
  const patched = await api.patch(at, { query: "ana", condition: null });
  expect(patched.as(savedSearchSchema)).toMatchObject({ version: 2, condition: null, query: "ana" });
  const list = (await api.get("/api/crm/saved-searches")).as(z.object({ data: z.array(savedSearchSchema) }));
  expect(list.data.map(({ name }) => name)).toContain("VIP");
  expect((await api.delete(at)).status).toBe(204);
  expect((await api.get(at)).status).toBe(404);
});
