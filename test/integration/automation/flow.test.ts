/** Where runs go: waits for events, branches, re-entry, appointments that move, goals, versions, people who steer. */
import { Types } from "mongoose";
import { moveClock } from "../../../src/lib/clock/clock";
import { createTenantContext } from "../../../src/lib/context/create.context";
import type { TenantContext } from "../../../src/lib/context/tenant.context";
import { closeAllConnections } from "../../../src/lib/tenant/tenant.registry";
import { advanceRun } from "../../../src/services/saas/automation/advance.run";
import { archiveRule } from "../../../src/services/saas/automation/archive.rule";
import { listRules } from "../../../src/services/saas/automation/automation.lists";
import {
  createRule,
  enableRule,
  getRule,
  publishRule,
  updateRule,
} from "../../../src/services/saas/automation/automation.service";
import { dispatchEvents } from "../../../src/services/saas/automation/dispatch.events";
import { enrollSearch, getEnrollment } from "../../../src/services/saas/automation/enrollment.service";
import { receiveExternalEvent } from "../../../src/services/saas/automation/external.event.service";
import { ruleDefinitionSchema } from "../../../src/services/saas/automation/rule.contract";
import { startRuns } from "../../../src/services/saas/automation/start.runs";
import { cancelRuns, retryRun } from "../../../src/services/saas/automation/steer.runs";
import { hearSilence } from "../../../src/services/saas/automation/timers/no.reply";
import { diffVersions, rollBackRule } from "../../../src/services/saas/automation/version.service";
import { addTags, createLead, getLead, updateLead } from "../../../src/services/saas/crm/lead.service";
import { createSavedSearch } from "../../../src/services/saas/crm/saved.search.service";
import { updateSettings } from "../../../src/services/saas/crm/settings.service";
import { createTenant } from "../../builders/client.builder";
import { deleteStageByKey } from "../../builders/stage.builder";
import { drainAll } from "../../setup/drain";

let tenant: Awaited<ReturnType<typeof createTenant>>;
let phone = 351_920_000_000;

const contextOf = (): TenantContext =>
  createTenantContext({
    clientCode: tenant.clientCode,
    actor: { type: "user", id: "tester" },
    requestId: "test-request",
    dispatch: dispatchEvents,
  });
const ruleOf = (definition: unknown) =>
  createRule(contextOf(), {
    name: "rule",
    definition: ruleDefinitionSchema.parse(definition),
    enabled: true,
  });
const newLead = (more: { company?: string } = {}) => {
  phone += 1;
  return createLead(contextOf(), { firstName: "Ana", phone: `+${phone}`, ...more });
};
const tagsOf = async ({ id }: { id: string }) => (await getLead(contextOf(), id)).tags;
const runsOf = (lead: { id: string }) =>
  tenant.models.AutomationRun.find({ leadId: lead.id }).sort({ startedAt: 1 }).lean();
const outcomesOf = async (lead: { id: string }) =>
  (await tenant.models.AutomationDecision.find({ leadId: lead.id }).sort({ at: 1, _id: 1 }).lean()).map(
    ({ outcome }) => outcome,
  );
const later = async (byMs: number) => {
  await moveClock({ byMs });
  await drainAll(dispatchEvents);
};
const hour = 3_600_000;
const tag = (id: string, name: string, more: object = {}) => ({ id, type: "add_tag", tag: name, ...more });

beforeAll(async () => {
  tenant = await createTenant();
});
afterEach(async () => {
  await tenant.models.AutomationRule.deleteMany({});
  await tenant.models.AutomationRun.deleteMany({});
});
afterAll(closeAllConnections);

describe("a run that waits for an event", () => {
  const rule = {
    trigger: { event: "lead_created" },
    exitOn: [{ event: "tag_added" }],
    steps: [
      {
        id: "wait",
        type: "wait_for",
        events: ["tag_added"],
        timeout: "PT2H",
        onEvent: "came",
        onTimeout: "late",
      },
      tag("came", "thanks", { next: "end" }),
      tag("late", "reminded"),
      { id: "end", type: "exit", reason: "done" },
    ],
  };

  it("takes the event as its wait, although the event would end it otherwise", async () => {
    await ruleOf(rule);
    const lead = await newLead();
    await moveClock({ byMs: 1_000 });
    await addTags(contextOf(), { id: lead.id, tags: ["yes"] });
    expect(await tagsOf(lead)).toEqual(["yes", "thanks"]);
    expect(await runsOf(lead)).toMatchObject([{ status: "completed", exitReason: "done" }]);
    await later(3 * hour);
    expect(await tagsOf(lead)).toEqual(["yes", "thanks"]);
  });

  it("goes where the timeout says when nothing came", async () => {
    await ruleOf(rule);
    const lead = await newLead();
    await later(2 * hour + 1_000);
    expect(await tagsOf(lead)).toEqual(["reminded"]);
  });
});

test("a branch goes to the first case that fits, a split always the same way, and variables are kept", async () => {
  await ruleOf({
    trigger: { event: "lead_created" },
    steps: [
      { id: "v", type: "set_var", name: "who", value: "{{lead.firstName}}" },
      {
        id: "b",
        type: "branch",
        cases: [{ when: { field: "vars.who", op: "equals", value: "Ana" }, goto: "s" }],
        else: "other",
      },
      tag("other", "wrong"),
      {
        id: "s",
        type: "split",
        paths: [
          { weight: 0, goto: "never" },
          { weight: 1, goto: "always" },
        ],
      },
      tag("never", "wrong"),
      tag("always", "right"),
    ],
  });
  const lead = await newLead();
  expect(await tagsOf(lead)).toEqual(["right"]);
  const log = await tenant.models.AutomationStepLog.findOne({ leadId: lead.id, type: "branch" }).lean();
  expect(log).toMatchObject({ status: "succeeded", output: { goto: "s" }, trace: [{ passed: true }] });
});

test("jumps that go back or nowhere are refused with their place", () => {
  const parsed = ruleDefinitionSchema.safeParse({
    trigger: { event: "lead_created" },
    steps: [tag("a", "x"), tag("b", "y", { next: "a" }), tag("c", "z", { onError: { goto: "nowhere" } })],
  });
  expect(parsed.error?.issues.map(({ path }) => path)).toEqual([
    ["steps", 1, "next"],
    ["steps", 2, "onError", "goto"],
  ]);
});

test("a cooldown and watched fields decide who enters again", async () => {
  await ruleOf({
    trigger: { event: "tag_added" },
    enrollment: { cooldown: "P1D" },
    steps: [{ id: "end", type: "exit" }],
  });
  await ruleOf({
    trigger: { event: "tag_added" },
    enrollment: { reentry: "on_change", watch: ["lead.company"] },
    steps: [{ id: "end", type: "exit" }],
  });
  const lead = await newLead({ company: "A" });
  await addTags(contextOf(), { id: lead.id, tags: ["one"] });
  await addTags(contextOf(), { id: lead.id, tags: ["two"] });
  expect(await outcomesOf(lead)).toEqual(["enrolled", "enrolled", "cooldown", "already_enrolled"]);
  await moveClock({ byMs: 25 * hour });
  await updateLead(contextOf(), { id: lead.id }, { company: "B" });
  await addTags(contextOf(), { id: lead.id, tags: ["three"] });
  expect((await outcomesOf(lead)).slice(4)).toEqual(["enrolled", "enrolled"]);
});

test("a living run begins again when its restart event comes", async () => {
  await ruleOf({
    trigger: { event: "lead_created" },
    enrollment: { reentry: "after_exit", restartOn: "tag_added" },
    steps: [{ id: "w", type: "delay", duration: "PT2H" }, tag("t", "quiet")],
  });
  const lead = await newLead();
  await later(hour);
  await addTags(contextOf(), { id: lead.id, tags: ["again"] });
  await later(hour + 60_000);
  expect(await tagsOf(lead)).toEqual(["again"]);
  await later(hour);
  expect(await tagsOf(lead)).toEqual(["again", "quiet"]);
  expect(await runsOf(lead)).toHaveLength(1);
});

test("reminders follow an appointment that moves, also one that was given already", async () => {
  await ruleOf({
    trigger: { event: "appointment_confirmed" },
    enrollment: { key: "{{event.data.appointmentId}}" },
    rescheduleOn: [{ event: "appointment_rescheduled", match: "event.data.appointmentId" }],
    steps: [
      { id: "day", type: "delay", until: "{{event.data.startsAt}}", offset: "-PT24H", ifPast: "skip_next" },
      { id: "bye", type: "remove_tag", tag: "reminded" },
      { id: "hour", type: "delay", until: "{{event.data.startsAt}}", offset: "-PT1H" },
      tag("t", "reminded"),
    ],
  });
  const lead = await newLead();
  const at = (hours: number) => new Date(contextOf().now().getTime() + hours * hour).toISOString();
  const tell = (type: string, sequence: number, startsAt: string) =>
    receiveExternalEvent(contextOf(), {
      id: `${type}-${sequence}`,
      type,
      subject: { leadId: lead.id },
      data: { appointmentId: "A-9", sequence, startsAt },
    });
  await tell("appointment_confirmed", 0, at(48));
  await later(25 * hour);
  expect((await runsOf(lead))[0]?.cursor.stepId).toBe("hour");
  const moved = at(72);
  await tell("appointment_rescheduled", 1, moved);
  const [run] = await runsOf(lead);
  expect(run).toMatchObject({ status: "waiting", cursor: { stepId: "day", iteration: 1 } });
  expect(run?.dueAt?.toISOString()).toBe(new Date(Date.parse(moved) - 24 * hour).toISOString());
  await later(72 * hour);
  expect(await tagsOf(lead)).toEqual(["reminded"]);
});

test("reminders that were all given come again when their appointment moves", async () => {
  await ruleOf({
    trigger: { event: "appointment_confirmed" },
    enrollment: { key: "{{event.data.appointmentId}}" },
    rescheduleOn: [{ event: "appointment_rescheduled", match: "event.data.appointmentId" }],
    steps: [
      { id: "day", type: "delay", until: "{{event.data.startsAt}}", offset: "-PT24H", ifPast: "skip_next" },
      tag("t24", "a day"),
      { id: "hour", type: "delay", until: "{{event.data.startsAt}}", offset: "-PT1H", ifPast: "skip_next" },
      tag("t1", "an hour"),
    ],
  });
  const lead = await newLead();
  const at = (hours: number) => new Date(contextOf().now().getTime() + hours * hour).toISOString();
  const tell = (type: string, sequence: number, startsAt: string, appointmentId = "A-77") =>
    receiveExternalEvent(contextOf(), {
      id: `${type}-77-${sequence}-${appointmentId}`,
      type,
      subject: { leadId: lead.id },
      data: { appointmentId, sequence, startsAt },
    });
  await tell("appointment_confirmed", 0, at(2));
  await later(2 * hour);
  expect(await runsOf(lead)).toMatchObject([{ status: "completed" }]);
  expect(await tagsOf(lead)).toEqual(["an hour"]);
  // To the past, and of somebody else's appointment: nothing is to come.
  await tell("appointment_rescheduled", 1, at(-1));
  await tell("appointment_rescheduled", 1, at(48), "A-78");
  expect(await runsOf(lead)).toMatchObject([{ status: "completed" }]);
  const moved = at(48);
  await tell("appointment_rescheduled", 2, moved);
  const [run] = await runsOf(lead);
  expect(run).toMatchObject({ status: "waiting", endedAt: null, cursor: { stepId: "day" } });
  expect(run?.dueAt?.toISOString()).toBe(new Date(Date.parse(moved) - 24 * hour).toISOString());
  await later(47 * hour + 1_000);
  expect(await tagsOf(lead)).toEqual(["an hour", "a day"]);
  expect(await runsOf(lead)).toMatchObject([{ status: "completed", cursor: { iteration: 1 } }]);
});

test("an answer in the trigger's own second ends the run, one of the second before does not", async () => {
  await ruleOf({
    trigger: { event: "lead_created" },
    exitOn: [{ event: "external_event:answered" }],
    steps: [{ id: "w", type: "delay", duration: "PT2M" }, tag("t", "late")],
  });
  const told = async (secondsBefore: number) => {
    const lead = await newLead();
    const [run] = await runsOf(lead);
    const second = Math.floor((run?.triggerEvent.occurredAt.getTime() ?? 0) / 1_000);
    await receiveExternalEvent(contextOf(), {
      id: `answered-${lead.id}`,
      type: "answered",
      subject: { leadId: lead.id },
      occurredAt: new Date((second - secondsBefore) * 1_000).toISOString(),
      data: {},
    });
    return (await runsOf(lead))[0]?.status;
  };
  expect(await told(0)).toBe("exited");
  expect(await told(1)).toBe("waiting");
});

test("an event of the future is refused: every answer would look older than it", async () => {
  const lead = await newLead();
  const told = receiveExternalEvent(contextOf(), {
    id: "from-tomorrow",
    type: "answered",
    subject: { leadId: lead.id },
    occurredAt: new Date(contextOf().now().getTime() + 24 * hour).toISOString(),
    data: {},
  });
  await expect(told).rejects.toMatchObject({
    code: "validation-failed",
    options: { errors: [{ pointer: "/occurredAt" }] },
  });
});

test("a rule starts by hand for everybody whom a search finds, once each", async () => {
  const rule = await ruleOf({ trigger: { event: "manual" }, steps: [tag("t", "started")] });
  const [first, second] = [await newLead({ company: "Acme" }), await newLead({ company: "Acme" })];
  const other = await newLead({ company: "Other" });
  const condition = { field: "lead.company", op: "equals" as const, value: "Acme" };
  const saved = await createSavedSearch(contextOf(), { name: "Acme", condition });
  const asked = await enrollSearch(contextOf(), rule.id, { savedSearchId: saved.id });
  expect(asked).toMatchObject({ state: "queued", search: { condition } });
  await drainAll(dispatchEvents);
  expect(await getEnrollment(contextOf(), asked.id)).toMatchObject({ state: "done", told: 2, progress: 1 });
  expect([await tagsOf(first), await tagsOf(second), await tagsOf(other)]).toEqual([
    ["started"],
    ["started"],
    [],
  ]);
  const wrong = { condition: { ...condition, field: "lead.compny" } };
  await expect(enrollSearch(contextOf(), rule.id, wrong)).rejects.toMatchObject({
    options: { errors: [{ pointer: "/condition/field" }] },
  });
});

test("a goal completes the run", async () => {
  await ruleOf({
    trigger: { event: "lead_created" },
    goal: { event: "tag_added", filter: { field: "event.data.tag", op: "equals", value: "sold" } },
    steps: [{ id: "w", type: "delay", duration: "PT1H" }, tag("t", "nag")],
  });
  const lead = await newLead();
  await moveClock({ byMs: 1_000 });
  await addTags(contextOf(), { id: lead.id, tags: ["sold"] });
  expect(await runsOf(lead)).toMatchObject([{ status: "completed", exitReason: "goal" }]);
});

test("starts above the tenant's pace queue visibly, and every one begins", async () => {
  await updateSettings(contextOf(), { automation: { startsPerMinute: 2, frequencyCap: null } }, undefined);
  // A fresh minute, so that all of them fall into it.
  await moveClock({ byMs: 60_000 - (contextOf().now().getTime() % 60_000) });
  await ruleOf({ trigger: { event: "lead_created" }, steps: [tag("t", "in")] });
  const leads = [await newLead(), await newLead(), await newLead(), await newLead()];
  const runs = await tenant.models.AutomationRun.find({ status: "queued" }).lean();
  expect(runs.length).toBeGreaterThanOrEqual(2);
  expect(runs[0]?.wait).toMatchObject({ kind: "start", reason: "start_limit" });
  await later(3 * 60_000);
  for (const lead of leads) expect(await tagsOf(lead)).toEqual(["in"]);
  await updateSettings(
    contextOf(),
    { automation: { startsPerMinute: 1_000, frequencyCap: null } },
    undefined,
  );
});

test("people start, resume and cancel runs", async () => {
  const rule = await ruleOf({
    trigger: { event: "manual" },
    steps: [tag("t", "begun"), { id: "m", type: "move_stage", stageKey: "proposal" }, tag("z", "end")],
  });
  await deleteStageByKey(contextOf(), "proposal");
  const lead = await newLead();
  expect(await startRuns(contextOf(), { ruleId: rule.id, leadIds: [lead.id] })).toEqual({ requested: 1 });
  const [failed] = await runsOf(lead);
  expect(failed).toMatchObject({ status: "failed", error: { stepId: "m", code: "invalid-reference" } });
  await retryRun(contextOf(), failed?._id.toHexString() ?? "");
  await drainAll(dispatchEvents);
  expect(await runsOf(lead)).toMatchObject([{ status: "failed", error: { stepId: "m" } }]);
  const waiting = await ruleOf({
    trigger: { event: "lead_created" },
    steps: [{ id: "w", type: "delay", duration: "PT1H" }],
  });
  const other = await newLead();
  expect(await cancelRuns(contextOf(), waiting.id)).toEqual({ cancelled: 1 });
  expect(await runsOf(other)).toMatchObject([{ status: "cancelled" }]);
});

test("publishing restarts what lives when asked, tells what changed, and can be taken back", async () => {
  const version = (name: string) =>
    ruleDefinitionSchema.parse({
      trigger: { event: "lead_created" },
      steps: [{ id: "w", type: "delay", duration: "PT1H" }, tag("t", name)],
    });
  const rule = await ruleOf(version("v1"));
  const lead = await newLead();
  await updateRule(contextOf(), { id: rule.id, ifMatch: undefined, change: { definition: version("v2") } });
  await publishRule(contextOf(), { id: rule.id, pendingRuns: "restart" });
  expect((await diffVersions(contextOf(), { id: rule.id, from: 1, to: 2 })).changes).toEqual([
    { pointer: "/steps/t/tag", kind: "changed", from: "v1", to: "v2" },
  ]);
  await drainAll(dispatchEvents);
  await later(hour + 1_000);
  expect(await tagsOf(lead)).toEqual(["v2"]);
  const back = await rollBackRule(contextOf(), { id: rule.id, version: 1, pendingRuns: "keep" });
  expect(back).toMatchObject({ publishedVersion: 3, definition: version("v1") });
});

test("a deleted rule starts nothing, its living runs end, and what it did can still be read", async () => {
  const rule = await ruleOf({
    trigger: { event: "lead_created" },
    steps: [{ id: "w", type: "delay", duration: "PT1H" }, tag("t", "late")],
  });
  const lead = await newLead();
  // The other run looks as a crash between the deletion and the end of its runs leaves it.
  const other = await newLead();
  await archiveRule(contextOf(), { id: rule.id, ifMatch: rule.version });
  await tenant.models.AutomationRun.updateOne(
    { leadId: other.id },
    { $set: { status: "waiting", dueAt: new Date() } },
  );
  expect(await runsOf(lead)).toMatchObject([{ status: "cancelled", exitReason: "rule_deleted" }]);
  const [left] = await runsOf(other);
  await advanceRun(contextOf(), left?._id.toHexString() ?? "", { from: "job", lastTry: () => true });
  expect(await runsOf(other)).toMatchObject([{ status: "cancelled", exitReason: "rule_deleted" }]);
  expect(await runsOf(await newLead())).toEqual([]);
  await later(2 * hour);
  expect(await tagsOf(lead)).toEqual([]);

  await archiveRule(contextOf(), { id: rule.id, ifMatch: undefined });
  expect(await getRule(contextOf(), rule.id)).toMatchObject({
    state: "archived",
    enabled: false,
    version: rule.version + 1,
  });
  expect((await listRules(contextOf(), { limit: 10 })).data).toEqual([]);
  expect((await listRules(contextOf(), { limit: 10, state: "archived" })).data).toHaveLength(1);
  const refused = { code: "invalid-state" };
  await expect(enableRule(contextOf(), { id: rule.id })).rejects.toMatchObject(refused);
  await expect(publishRule(contextOf(), { id: rule.id })).rejects.toMatchObject(refused);
  const change = { id: rule.id, ifMatch: undefined, change: { name: "again" } };
  await expect(updateRule(contextOf(), change)).rejects.toMatchObject(refused);
  const back = { id: rule.id, version: 1, pendingRuns: "keep" } as const;
  await expect(rollBackRule(contextOf(), back)).rejects.toMatchObject(refused);
});

test("a rule of the clock starts for every lead that its conditions fit, once for each time", async () => {
  const lead = await newLead({ company: "Clock" });
  const bystander = await newLead({ company: "Other" });
  const minutes = contextOf().now().getUTCMinutes();
  await ruleOf({
    trigger: { event: "schedule", cron: `${(minutes + 2) % 60} * * * *`, timezone: "UTC" },
    conditions: { field: "lead.company", op: "equals", value: "Clock" },
    steps: [tag("t", "ticked")],
  });
  await later(3 * 60_000);
  expect(await tagsOf(lead)).toEqual(["ticked"]);
  expect(await tagsOf(bystander)).toEqual([]);
  expect(await runsOf(lead)).toHaveLength(1);
});

test("silence follows our last message to the lead, whatever colleagues note in the meantime", async () => {
  const lead = await newLead();
  const { id: ruleId } = await ruleOf({
    trigger: { event: "no_reply", after: "PT1H" },
    steps: [tag("t", "silent")],
  });
  const conversationId = new Types.ObjectId();
  const row = (kind: string, direction: string, hoursAgo: number) => ({
    _id: new Types.ObjectId(),
    conversationId,
    leadId: new Types.ObjectId(lead.id),
    clientId: `${kind}:${hoursAgo}`,
    kind,
    direction,
    sender: { type: "user", id: "tester" },
    sentAt: new Date(contextOf().now().getTime() - hoursAgo * hour),
  });
  const answer = row("text", "inbound", 3);
  await tenant.models.Message.collection.insertMany([
    row("template", "outbound", 4),
    answer,
    row("note", "outbound", 2),
  ]);
  const asked = { ruleId, conversationId: conversationId.toHexString() };
  expect(await hearSilence(contextOf(), asked)).toBeUndefined();
  expect(await tagsOf(lead)).toEqual([]);
  await tenant.models.Message.deleteOne({ _id: answer._id });
  await hearSilence(contextOf(), asked);
  expect(await tagsOf(lead)).toEqual(["silent"]);
});
