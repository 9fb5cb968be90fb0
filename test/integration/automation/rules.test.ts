import { cancelJob, enqueue } from "../../../src/jobs/queue/enqueue";
import { moveClock } from "../../../src/lib/clock/clock";
import { createTenantContext } from "../../../src/lib/context/create.context";
import type { EventDispatcher, TenantContext } from "../../../src/lib/context/tenant.context";
import { toCrmEvent } from "../../../src/lib/tenant/commit.change";
import { closeAllConnections } from "../../../src/lib/tenant/tenant.registry";
import {
  createRule,
  disableRule,
  publishRule,
  updateRule,
} from "../../../src/services/saas/automation/automation.service";
import { dispatchEvents } from "../../../src/services/saas/automation/dispatch.events";
import { receiveExternalEvent } from "../../../src/services/saas/automation/external.event.service";
import { ruleDefinitionSchema } from "../../../src/services/saas/automation/rule.contract";
import { sweepDueRuns, sweepUndispatchedEvents } from "../../../src/services/saas/automation/sweep.service";
import {
  addTags,
  createLead,
  getLead,
  moveLeadToStageKey,
} from "../../../src/services/saas/crm/lead.service";
import { createMeeting } from "../../../src/services/saas/crm/meeting.service";
import { createTenant } from "../../builders/client.builder";
import { deleteStageByKey } from "../../builders/stage.builder";
import { drainAll } from "../../setup/drain";

type Tenant = Awaited<ReturnType<typeof createTenant>>;
let tenant: Tenant;
let phone = 351_910_000_000;

const contextOf = (dispatch: EventDispatcher = dispatchEvents): TenantContext =>
  createTenantContext({
    clientCode: tenant.clientCode,
    actor: { type: "user", id: "tester" },
    requestId: "test-request",
    dispatch,
  });

const ruleOf = (definition: unknown, enabled = true) =>
  createRule(contextOf(), { name: "rule", definition: ruleDefinitionSchema.parse(definition), enabled });

const newLead = (ctx = contextOf(), more: { source?: string; tags?: string[] } = {}) => {
  phone += 1;
  return createLead(ctx, { firstName: "Ana", phone: `+${phone}`, ...more });
};

const delayedTag = {
  trigger: { event: "lead_created" },
  steps: [
    { id: "wait", type: "delay", duration: "PT1H" },
    { id: "tag", type: "add_tag", tag: "later" },
  ],
};

const onlyRun = async () => {
  const [run] = await tenant.models.AutomationRun.find().lean();
  if (!run) throw new Error("There is no run.");
  return run;
};

beforeEach(async () => {
  // A tenant of its own for each test: rules of one must not react to another's events.
  tenant = await createTenant();
});
afterAll(closeAllConnections);

describe("a rule", () => {
  it("tags a new lead at once when its conditions hold, and says why when they do not", async () => {
    const rule = await ruleOf({
      trigger: { event: "lead_created" },
      conditions: { all: [{ field: "lead.source", op: "in", value: ["website"] }] },
      steps: [{ id: "tag", type: "add_tag", tag: "from_web" }],
    });
    const web = await newLead(contextOf(), { source: "website" });
    const walkIn = await newLead(contextOf(), { source: "walk-in" });

    expect((await getLead(contextOf(), web.id)).tags).toContain("from_web");
    expect((await getLead(contextOf(), walkIn.id)).tags).not.toContain("from_web");
    const decisions = await tenant.models.AutomationDecision.find().sort({ at: 1 }).lean();
    expect(decisions.map(({ outcome }) => outcome).sort()).toEqual(["enrolled", "not_matched"]);
    const refused = decisions.find(({ outcome }) => outcome === "not_matched");
    expect(refused?.ruleId.toHexString()).toBe(rule.id);
    expect(refused?.trace).toEqual([
      { field: "lead.source", op: "in", expected: ["website"], actual: "walk-in", passed: false },
    ]);
  });

  it("reacts to a stage by its key, and its own effects carry the chain that caused them", async () => {
    const rule = await ruleOf({
      trigger: { event: "stage_enter", toStageKey: "qualified" },
      steps: [{ id: "tag", type: "add_tag", tag: "hot" }],
    });
    const lead = await newLead();
    await moveLeadToStageKey(contextOf(), { id: lead.id, stageKey: "qualified" });

    expect((await getLead(contextOf(), lead.id)).tags).toEqual(["hot"]);
    const event = await tenant.models.Outbox.findOne({ type: "tag_added" }).lean();
    expect(event?.causation).toMatchObject({ depth: 1, ruleIds: [rule.id] });
    expect(event?.actor).toMatchObject({ type: "automation", id: rule.id });
    const line = await tenant.models.Activity.findOne({ type: "tag_added" }).lean();
    expect(line?.ruleId?.toHexString()).toBe(rule.id);
    expect(line?.runId).not.toBeNull();
  });

  it("waits for its delay by the stack's clock and goes on through the queue", async () => {
    await ruleOf({
      trigger: { event: "lead_created" },
      steps: [
        { id: "wait", type: "delay", duration: "PT5M" },
        { id: "tag", type: "add_tag", tag: "later" },
      ],
    });
    const lead = await newLead();
    await drainAll(dispatchEvents);
    expect((await getLead(contextOf(), lead.id)).tags).toEqual([]);
    await moveClock({ byMs: 5 * 60_000 + 1_000 });
    await drainAll(dispatchEvents);
    expect((await getLead(contextOf(), lead.id)).tags).toEqual(["later"]);
    const run = await tenant.models.AutomationRun.findOne().lean();
    expect(run).toMatchObject({ status: "completed", dueAt: null, lock: null });
  });

  it("waits until an offset before a time of the event, and skips what is past", async () => {
    await ruleOf({
      trigger: { event: "appointment_confirmed" },
      enrollment: { key: "{{event.data.appointmentId}}" },
      steps: [
        { id: "day", type: "delay", until: "{{event.data.startsAt}}", offset: "-PT24H", ifPast: "skip_next" },
        { id: "tag_day", type: "add_tag", tag: "day_before" },
        { id: "hour", type: "delay", until: "{{event.data.startsAt}}", offset: "-PT1H" },
        { id: "tag_hour", type: "add_tag", tag: "hour_before" },
      ],
    });
    const lead = await newLead();
    const startsAt = new Date(contextOf().now().getTime() + 5 * 60 * 60_000).toISOString();
    await receiveExternalEvent(contextOf(), {
      id: "e1",
      type: "appointment_confirmed",
      subject: { leadId: lead.id },
      data: { appointmentId: "A-1", startsAt },
    });
    const run = await tenant.models.AutomationRun.findOne().lean();
    expect(run?.cursor.stepId).toBe("hour");
    expect(run?.dueAt?.toISOString()).toBe(new Date(Date.parse(startsAt) - 60 * 60_000).toISOString());
    await moveClock({ byMs: 4 * 60 * 60_000 + 1_000 });
    await drainAll(dispatchEvents);
    expect((await getLead(contextOf(), lead.id)).tags).toEqual(["hour_before"]);
  });

  it("runs once per lead when re-entry is never, however often its event comes", async () => {
    await ruleOf({
      trigger: { event: "tag_added", tag: "go" },
      enrollment: { reentry: "never" },
      steps: [{ id: "exit", type: "exit" }],
    });
    const lead = await newLead();
    await addTags(contextOf(), { id: lead.id, tags: ["go"] });
    await tenant.models.Lead.updateOne({ _id: lead.id }, { $set: { tags: [] } });
    await addTags(contextOf(), { id: lead.id, tags: ["go"] });
    const outcomes = (await tenant.models.AutomationDecision.find().sort({ at: 1 }).lean()).map(
      (each) => each.outcome,
    );
    expect(outcomes).toEqual(["enrolled", "already_enrolled"]);
    expect(await tenant.models.AutomationRun.countDocuments()).toBe(1);
  });

  it("sees an event once, although it is dispatched many times at once", async () => {
    await ruleOf({
      trigger: { event: "lead_created" },
      steps: [{ id: "tag", type: "add_tag", tag: "one" }],
    });
    await newLead(contextOf(async () => {}));
    const rows = await tenant.models.Outbox.find({ type: "lead_created" }).lean();
    const events = rows.map(toCrmEvent);
    await Promise.all(Array.from({ length: 8 }, () => dispatchEvents(contextOf(), events)));
    expect(await tenant.models.AutomationRun.countDocuments()).toBe(1);
    expect(await tenant.models.Outbox.countDocuments({ type: "tag_added" })).toBe(1);
  });

  it("does not start itself, and a chain of rules ends", async () => {
    await ruleOf({
      trigger: { event: "tag_added" },
      steps: [{ id: "tag", type: "add_tag", tag: "echo" }],
    });
    const lead = await newLead();
    await addTags(contextOf(), { id: lead.id, tags: ["go"] });
    const decisions = await tenant.models.AutomationDecision.find().lean();
    expect(decisions.map(({ outcome }) => outcome).sort()).toEqual(["enrolled", "loop_chain"]);
    const stopped = decisions.find(({ outcome }) => outcome === "loop_chain");
    expect(stopped?.reason).toContain("what this rule did itself");
  });

  it("ends a waiting run when its exit event comes from another cause", async () => {
    await ruleOf({
      trigger: { event: "lead_created" },
      exitOn: [{ event: "tag_added" }],
      steps: [
        { id: "wait", type: "delay", duration: "PT1H" },
        { id: "tag", type: "add_tag", tag: "too_late" },
      ],
    });
    const lead = await newLead();
    await moveClock({ byMs: 1_000 });
    await addTags(contextOf(), { id: lead.id, tags: ["stop"] });
    await moveClock({ byMs: 2 * 60 * 60_000 });
    await drainAll(dispatchEvents);
    expect((await getLead(contextOf(), lead.id)).tags).toEqual(["stop"]);
    expect(await tenant.models.AutomationRun.findOne().lean()).toMatchObject({
      status: "exited",
      exitReason: "tag_added",
    });
  });

  it("keeps runs on the version they began with", async () => {
    const rule = await ruleOf({
      trigger: { event: "lead_created" },
      steps: [
        { id: "wait", type: "delay", duration: "PT1H" },
        { id: "tag", type: "add_tag", tag: "v1" },
      ],
    });
    const early = await newLead();
    await updateRule(contextOf(), {
      id: rule.id,
      ifMatch: undefined,
      change: {
        definition: ruleDefinitionSchema.parse({
          trigger: { event: "lead_created" },
          steps: [{ id: "tag", type: "add_tag", tag: "v2" }],
        }),
      },
    });
    await publishRule(contextOf(), { id: rule.id });
    const late = await newLead();
    await moveClock({ byMs: 2 * 60 * 60_000 });
    await drainAll(dispatchEvents);
    expect((await getLead(contextOf(), early.id)).tags).toEqual(["v1"]);
    expect((await getLead(contextOf(), late.id)).tags).toEqual(["v2"]);
  });

  it("starts nothing while it is disabled", async () => {
    const rule = await ruleOf({
      trigger: { event: "lead_created" },
      steps: [{ id: "tag", type: "add_tag", tag: "x" }],
    });
    await disableRule(contextOf(), { id: rule.id });
    const lead = await newLead();
    expect((await getLead(contextOf(), lead.id)).tags).toEqual([]);
  });

  it("whose stage was deleted fails with a reason a person can read, and leaves other rules alone", async () => {
    await ruleOf({
      trigger: { event: "lead_created" },
      steps: [{ id: "move", type: "move_stage", stageKey: "proposal" }],
    });
    await deleteStageByKey(contextOf(), "proposal");
    await ruleOf({
      trigger: { event: "lead_created" },
      steps: [{ id: "tag", type: "add_tag", tag: "fine" }],
    });
    const lead = await newLead();
    expect((await getLead(contextOf(), lead.id)).tags).toEqual(["fine"]);
    const failed = await tenant.models.AutomationRun.findOne({ status: "failed" }).lean();
    expect(failed?.error).toMatchObject({ code: "invalid-reference", stepId: "move" });
  });
});

describe("what a crash left behind", () => {
  it("is taken up by the sweep: an event that was committed and never dispatched", async () => {
    await ruleOf({
      trigger: { event: "lead_created" },
      steps: [{ id: "tag", type: "add_tag", tag: "swept" }],
    });
    const died: EventDispatcher = async () => {
      throw new Error("the process died here");
    };
    const lead = await newLead(contextOf(died));
    expect((await sweepUndispatchedEvents(contextOf())).taken).toBe(0);
    await moveClock({ byMs: 2 * 60_000 });
    expect((await sweepUndispatchedEvents(contextOf())).taken).toBeGreaterThan(0);
    expect((await getLead(contextOf(), lead.id)).tags).toEqual(["swept"]);
    expect(await tenant.models.Outbox.countDocuments({ dispatchedAt: null })).toBe(0);
  });

  it("is taken up by the sweep: a run that nobody holds and that has no alarm", async () => {
    await ruleOf({
      trigger: { event: "lead_created" },
      steps: [{ id: "tag", type: "add_tag", tag: "resumed" }],
    });
    const lead = await newLead();
    // As a process that died between the enrolment and the first step leaves it.
    await tenant.models.AutomationStepLog.deleteMany({});
    await tenant.models.Lead.updateOne({ _id: lead.id }, { $set: { tags: [] } });
    await tenant.models.AutomationRun.updateOne(
      {},
      {
        $set: {
          status: "active",
          endedAt: null,
          cursor: { stepId: "tag", iteration: 0 },
          dueAt: contextOf().now(),
          lock: { owner: "dead", until: new Date(contextOf().now().getTime() + 60_000) },
        },
      },
    );
    await moveClock({ byMs: 2 * 60_000 + 1_000 });
    expect((await sweepDueRuns(contextOf())).taken).toBe(1);
    await drainAll(dispatchEvents);
    expect((await getLead(contextOf(), lead.id)).tags).toEqual(["resumed"]);
  });

  it("is taken up by the sweep: a wait whose holder died before the alarm was set", async () => {
    await ruleOf(delayedTag);
    const lead = await newLead();
    const run = await onlyRun();
    await cancelJob(tenant.clientCode, "automation.run", `${run._id.toHexString()}:wait`);
    const lock = { owner: "dead", until: new Date(contextOf().now().getTime() + 60_000) };
    await tenant.models.AutomationRun.updateOne({}, { $set: { status: "active", lock } });
    expect((await sweepDueRuns(contextOf())).taken).toBe(0);
    await moveClock({ byMs: 2 * 60_000 });
    expect((await sweepDueRuns(contextOf())).taken).toBe(1);
    await drainAll(dispatchEvents);
    expect((await getLead(contextOf(), lead.id)).tags).toEqual([]);
    await moveClock({ byMs: 60 * 60_000 });
    await drainAll(dispatchEvents);
    expect((await getLead(contextOf(), lead.id)).tags).toEqual(["later"]);
  });

  it("is waited for by the job: a run whose holder died a moment ago", async () => {
    await ruleOf(delayedTag);
    const lead = await newLead();
    await moveClock({ byMs: 60 * 60_000 });
    const lock = { owner: "dead", until: new Date(contextOf().now().getTime() + 30_000) };
    await tenant.models.AutomationRun.updateOne({}, { $set: { status: "active", lock } });
    await drainAll(dispatchEvents);
    expect((await onlyRun()).status).toBe("active");
    await moveClock({ byMs: 31_000 });
    await drainAll(dispatchEvents);
    expect((await getLead(contextOf(), lead.id)).tags).toEqual(["later"]);
  });

  it("does not hold back other rules or events: a rule that this release cannot read, which says so", async () => {
    const broken = await ruleOf({
      trigger: { event: "lead_created" },
      steps: [{ id: "tag", type: "add_tag", tag: "never" }],
    });
    await ruleOf({
      trigger: { event: "tag_added", tag: "vip" },
      steps: [{ id: "tag", type: "add_tag", tag: "seen" }],
    });
    const died: EventDispatcher = async () => {
      throw new Error("the process died here");
    };
    const lead = await newLead(contextOf(died));
    await addTags(contextOf(died), { id: lead.id, tags: ["vip"] });
    await tenant.models.AutomationVersion.updateOne({ ruleId: broken.id }, { $set: { definition: {} } });
    await moveClock({ byMs: 2 * 60_000 });
    await sweepUndispatchedEvents(contextOf());
    expect((await getLead(contextOf(), lead.id)).tags).toEqual(["vip", "seen"]);
    expect(await tenant.models.Outbox.countDocuments({ dispatchedAt: null })).toBe(0);
    const decision = await tenant.models.AutomationDecision.findOne({ ruleId: broken.id }).lean();
    expect(decision).toMatchObject({ outcome: "failed", reason: expect.stringContaining("cannot be read") });
  });
});

describe("an alarm", () => {
  it("that goes off early by the clock of its worker goes off again in time", async () => {
    await ruleOf(delayedTag);
    const lead = await newLead();
    const run = await onlyRun();
    const key = `${run._id.toHexString()}:wait`;
    await cancelJob(tenant.clientCode, "automation.run", key);
    const payload = { clientCode: tenant.clientCode, runId: run._id.toHexString() };
    await enqueue({ type: "automation.run", payload, requestId: "early", key });
    await drainAll(dispatchEvents);
    expect((await onlyRun()).status).toBe("waiting");
    await moveClock({ byMs: 60 * 60_000 + 1_000 });
    await drainAll(dispatchEvents);
    expect((await getLead(contextOf(), lead.id)).tags).toEqual(["later"]);
  });
});

describe("an event from outside", () => {
  it("is taken once by its id, and starts the rules of its name", async () => {
    await ruleOf({
      trigger: {
        event: "external_event:form_sent",
        filter: { field: "event.data.form", op: "equals", value: "quote" },
      },
      steps: [{ id: "tag", type: "add_tag", tag: "quote" }],
    });
    const lead = await newLead();
    const input = {
      id: "f-1",
      type: "form_sent",
      subject: { phone: lead.phone ?? "" },
      data: { form: "quote" },
    };
    const first = await receiveExternalEvent(contextOf(), input);
    const again = await receiveExternalEvent(contextOf(), input);
    expect(first).toEqual({ eventId: "external:f-1", leadId: lead.id, duplicate: false });
    expect(again).toEqual({ ...first, duplicate: true });
    expect(await tenant.models.AutomationRun.countDocuments()).toBe(1);
    expect((await getLead(contextOf(), lead.id)).tags).toEqual(["quote"]);
  });

  it("of an appointment moves our meeting of it, and older news does not move it back", async () => {
    const lead = await newLead();
    const told = (id: string, type: string, sequence: number, startsAt: string) =>
      receiveExternalEvent(contextOf(), {
        id,
        type,
        subject: { leadId: lead.id },
        data: { appointmentId: "A-17", sequence, startsAt },
      });
    const meeting = await createMeeting(contextOf(), {
      leadId: lead.id,
      title: "Call",
      appointmentId: "A-17",
      startsAt: "2030-01-01T09:00:00.000Z",
      endsAt: "2030-01-01T09:30:00.000Z",
    });
    const { eventId } = await told("c-1", "appointment_rescheduled", 2, "2030-01-02T10:00:00.000Z");
    await told("c-2", "appointment_cancelled", 1, "2030-01-01T09:00:00.000Z");
    const moved = await tenant.models.Meeting.findOne({ appointmentId: "A-17" }).lean();
    expect(moved).toMatchObject({
      status: "rescheduled",
      sequence: 2,
      startsAt: new Date("2030-01-02T10:00:00.000Z"),
      endsAt: new Date("2030-01-02T10:30:00.000Z"),
    });
    const event = await tenant.models.Outbox.findOne({ eventId }).lean();
    expect(event?.subject).toEqual({ leadId: lead.id, meetingId: meeting.id });
  });

  it("is refused when nobody here fits its subject", async () => {
    await expect(
      receiveExternalEvent(contextOf(), {
        id: "f-2",
        type: "form_sent",
        subject: { phone: "+351999999999" },
        data: {},
      }),
    ).rejects.toMatchObject({ code: "invalid-reference" });
  });

  it("is refused when an appointment lacks its id or time", async () => {
    const lead = await newLead();
    await expect(
      receiveExternalEvent(contextOf(), {
        id: "f-3",
        type: "appointment_confirmed",
        subject: { leadId: lead.id },
        data: { startsAt: "tomorrow" },
      }),
    ).rejects.toMatchObject({ code: "validation-failed" });
  });
});
