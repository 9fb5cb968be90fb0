import { dryRunSchema } from "../../../src/contracts/automation.insight.contract";
import { centralConnection } from "../../../src/lib/db/central.connection";
import { closeAllConnections, tenantConnection } from "../../../src/lib/tenant/tenant.registry";
import { automationInsightRoutes } from "../../../src/routes/crm/automation.insight.routes";
import { automationRoutes } from "../../../src/routes/crm/automation.routes";
import { leadRoutes } from "../../../src/routes/crm/lead.routes";
import { ApiClient, keysOf, lambdaTransport } from "../../builders/api.client";
import { createTenant } from "../../builders/client.builder";

let tenant: Awaited<ReturnType<typeof createTenant>>;
let api: ApiClient;

const ana = { firstName: "Ana", phone: "+351912000001", timezone: "Europe/Lisbon", source: "website" };
const tagging = { trigger: { event: "lead_created" }, steps: [{ id: "t", type: "add_tag", tag: "x" }] };

const ask = (body: object) => api.post("/api/crm/automations/dry-run", body);
const play = async (body: object) => {
  const answer = await ask({ lead: ana, ...body });
  expect(answer.status).toBe(200);
  return answer.as(dryRunSchema);
};

/** Everything that is stored: the tenant's database, and the central one, row by row. */
async function everything(): Promise<Record<string, string[]>> {
  const stored: Record<string, string[]> = {};
  for (const { name, db } of [await tenantConnection(tenant.clientCode), await centralConnection()]) {
    if (!db) throw new Error("A database is not open.");
    for (const rows of await db.collections()) {
      const found = await rows.find({}).sort({ _id: 1 }).toArray();
      stored[`${name}.${rows.collectionName}`] = found.map((row) => JSON.stringify(row));
    }
  }
  return stored;
}

beforeAll(async () => {
  tenant = await createTenant();
  api = new ApiClient(
    lambdaTransport([...automationRoutes, ...automationInsightRoutes, ...leadRoutes]),
    keysOf(tenant),
  );
  const base = { version: 1, createdAt: new Date(), updatedAt: new Date() };
  const template = {
    ...base,
    wabaId: "1",
    language: "en_US",
    status: "APPROVED",
    parameterFormat: "NAMED",
    syncedAt: new Date(),
  };
  await tenant.models.Template.insertMany([
    {
      ...template,
      name: "welcome",
      providerId: "1",
      category: "UTILITY",
      components: [{ type: "BODY", text: "Hi {{name}}, welcome" }],
    },
    {
      ...template,
      name: "offer",
      providerId: "2",
      category: "MARKETING",
      components: [{ type: "BODY", text: "Buy now" }],
    },
  ]);
  await tenant.models.TenantSettings.updateOne(
    { _id: "settings" },
    {
      $set: {
        holidays: ["2026-12-02"],
        automation: { startsPerMinute: 1_000, frequencyCap: { messages: 1, per: "PT12H" } },
      },
    },
  );
});
afterAll(closeAllConnections);

describe("a dry run", () => {
  it("plans delays, windows over holidays, caps and messages at a given time", async () => {
    const plan = await play({
      definition: {
        trigger: { event: "stage_enter", toStageKey: "proposal" },
        conditions: { field: "lead.source", op: "equals", value: "website" },
        sendWindow: { from: "09:00", to: "18:00", timezone: "lead" },
        steps: [
          { id: "wait", type: "delay", duration: "PT2H" },
          {
            id: "hello",
            type: "send_template",
            template: "welcome",
            variables: { name: "{{lead.firstName}}" },
          },
          {
            id: "more",
            type: "send_message",
            text: "Any questions?",
            windowClosed: { send_template: "welcome", variables: { name: "you" } },
          },
          { id: "reply", type: "wait_for", events: ["message_received"], timeout: "P1D" },
          {
            id: "note",
            type: "add_note",
            text: "{{steps.hello.output.messageId}} sent to {{lead.displayName}}",
          },
        ],
      },
      event: { data: { toStageKey: "proposal" } },
      now: "2026-12-01T17:00:00Z",
    });
    expect(plan).toMatchObject({ outcome: "enrolled", now: "2026-12-01T17:00:00.000Z" });
    expect(plan.trace.map(({ field, passed }) => [field, passed])).toEqual([
      ["trigger.toStageKey", true],
      ["lead.source", true],
    ]);
    const [wait, hello, more, reply, note] = plan.steps;
    expect(wait).toMatchObject({
      reachedAt: "2026-12-01T17:00:00.000Z",
      at: "2026-12-01T19:00:00.000Z",
      waits: [{ reason: "delay", until: "2026-12-01T19:00:00.000Z" }],
    });
    // Lisbon is at UTC in winter; the 2nd is a holiday, so it is the morning of the 3rd.
    expect(hello).toMatchObject({
      status: "done",
      text: "Hi Ana, welcome",
      input: { variables: { name: "Ana" } },
    });
    expect(hello?.at).toMatch(/^2026-12-03T09:(0\d|1[0-4]):/);
    // Twelve hours behind it is the evening, so the next morning.
    expect(more?.waits.map(({ reason }) => reason)).toEqual(["frequency_cap", "outside_send_window"]);
    expect(more).toMatchObject({ text: "Hi you, welcome", reason: "outside-service-window" });
    expect(more?.at).toMatch(/^2026-12-04T09:/);
    expect(reply).toMatchObject({ reason: "timeout", waits: [{ reason: "event" }] });
    expect(note?.input).toEqual({ text: "<messageId> sent to Ana" });
    expect(plan.end).toMatchObject({ status: "completed", at: note?.at });
    expect(plan.assumes.join(" ")).toMatch(/No event comes/);
  });

  it("says which condition does not hold, and which event the rule waits for", async () => {
    const conditions = { all: [{ field: "lead.source", op: "equals", value: "fair" }] };
    const missed = await play({ definition: { ...tagging, conditions } });
    expect(missed).toMatchObject({
      outcome: "not_matched",
      trace: [{ field: "lead.source", expected: "fair", actual: "website", passed: false }],
      steps: [],
      end: null,
    });
    const other = await play({ definition: tagging, event: { type: "won" } });
    expect(other.trace).toEqual([
      { field: "trigger.event", op: "equals", expected: "lead_created", actual: "won", passed: false },
    ]);
  });

  it("tells why a step would be skipped or fail, and follows what the rule says then", async () => {
    const hole = { id: "a", type: "add_note", text: "{{lead.company}}" };
    const tag = { id: "t", type: "add_tag", tag: "x" };
    const steps = (first: object) => ({ definition: { ...tagging, steps: [first, tag] } });
    const stopped = await play(steps(hole));
    expect(stopped.steps).toMatchObject([{ status: "failed", reason: expect.stringMatching(/no value/) }]);
    expect(stopped.end).toMatchObject({ status: "failed", reason: "missing-variable" });
    const goesOn = await play(steps({ ...hole, onError: "continue" }));
    expect(goesOn.steps.map(({ status }) => status)).toEqual(["failed", "done"]);
    const sending = { id: "s", type: "send_template", template: "welcome", variables: { name: "x" } };
    const unwanted = await play({ ...steps(sending), lead: { ...ana, doNotContact: true } });
    expect(unwanted.steps[0]).toMatchObject({ status: "skipped", reason: "opted_out" });
    const closed = await play(steps({ id: "m", type: "send_message", text: "Hi" }));
    expect(closed.end).toMatchObject({ status: "failed", reason: "outside-service-window" });
    const open = await play({
      definition: {
        trigger: { event: "message_received" },
        conditions: { field: "message.text", op: "contains", value: "price" },
        steps: [{ id: "m", type: "send_message", text: "Hi {{lead.firstName}}" }],
      },
      event: { message: { text: "What is the price?" } },
    });
    expect(open.steps[0]).toMatchObject({ status: "done", text: "Hi Ana" });
  });

  it("plays a rule's draft with a lead that exists, sees that it went through, and changes nothing at all", async () => {
    const steps = [
      { id: "wait", type: "delay", duration: "PT1H" },
      { id: "tag", type: "add_tag", tag: "x" },
      { id: "hi", type: "send_template", template: "welcome", variables: { name: "x" } },
    ];
    const definition = { ...tagging, enrollment: { reentry: "never" }, steps };
    const rule = await api.post("/api/crm/automations", { name: "draft", definition });
    const lead = await api.post("/api/crm/leads", ana);
    const idOf = (answer: typeof rule) => String(JSON.parse(answer.bytes.toString()).id);
    const ids = { ruleId: idOf(rule), leadId: idOf(lead), lead: undefined };
    const before = await everything();
    expect(Object.keys(before).filter((name) => name.endsWith(".leads"))).toHaveLength(1);
    const first = await play(ids);
    expect(first.steps.map(({ stepId }) => stepId)).toEqual(["wait", "tag", "hi"]);
    expect(await play({ ...ids, now: first.now })).toEqual(first);
    const tried = await api.post(`/api/crm/automations/${ids.ruleId}/test`, {
      leadId: ids.leadId,
      now: first.now,
    });
    expect(tried.as(dryRunSchema)).toEqual(first);
    expect(await everything()).toEqual(before);

    const { AutomationRun } = tenant.models;
    const now = new Date();
    await AutomationRun.create({
      version: 1,
      createdAt: now,
      updatedAt: now,
      ruleId: ids.ruleId,
      ruleVersion: 1,
      leadId: ids.leadId,
      enrollmentKey: "once",
      triggerEvent: {},
      causation: {},
      status: "completed",
      cursor: {},
      startedAt: now,
    });
    expect(await play(ids)).toMatchObject({ outcome: "already_enrolled", steps: [] });
  });

  it("asks what sending asks: consent to marketing, a way to reach the lead, and whether what it names is here", async () => {
    const offer = { id: "s", type: "send_template", template: "offer" };
    const tag = { id: "t", type: "add_tag", tag: "x" };
    const steps = (...all: object[]) => ({ definition: { ...tagging, steps: [...all, tag] } });
    expect((await play(steps(offer))).steps[0]).toMatchObject({ status: "done", text: "Buy now" });

    const made = await api.post("/api/crm/leads", { firstName: "Rui", phone: "+351912000077" });
    const leadId = String(JSON.parse(made.bytes.toString()).id);
    const stopped = { optIn: false, at: new Date(), source: "whatsapp" };
    await tenant.models.Lead.updateOne({ _id: leadId }, { $set: { "consent.marketing": stopped } });
    const asked = { leadId, lead: undefined };
    const refused = await play({ ...steps(offer), ...asked });
    expect(refused.steps).toMatchObject([
      { stepId: "s", status: "failed", reason: expect.stringMatching(/stopped marketing/) },
    ]);
    expect(refused.end).toMatchObject({ status: "failed", reason: "opted-out" });
    const useful = { id: "s", type: "send_template", template: "welcome", variables: { name: "x" } };
    expect((await play({ ...steps(useful), ...asked })).end).toMatchObject({ status: "completed" });

    const nowhere = await play({ ...steps(useful), lead: { firstName: "Ana" } });
    expect(nowhere.steps[0]).toMatchObject({
      status: "failed",
      reason: expect.stringMatching(/phone number/),
    });
    const absent = await play(
      steps({ id: "m", type: "move_stage", stageKey: "propsal", onError: "continue" }),
    );
    expect(absent.steps).toMatchObject([
      { status: "failed", reason: "There is no stage propsal. Did you mean proposal?" },
      { status: "done" },
    ]);
  });

  it("tells when the run would begin while the tenant starts many at once", async () => {
    const now = "2027-03-01T10:00:30.000Z";
    const at = { definition: tagging, now };
    expect(await play(at)).toMatchObject({ startsAt: now, waits: [] });
    const minute = Math.floor(Date.parse(now) / 60_000);
    // The last place that is taken is in the middle of the next minute.
    await tenant.models.Counter.create({ _id: "automation_starts:1000", value: minute * 1_000 + 1_499 });
    const plan = await play(at);
    const until = "2027-03-01T10:01:30.000Z";
    expect(plan).toMatchObject({ startsAt: until, waits: [{ reason: "start_limit", until }] });
    expect(plan.steps[0]).toMatchObject({ reachedAt: until });
    await tenant.models.Counter.deleteOne({ _id: "automation_starts:1000" });
  });

  it("refuses what it cannot play", async () => {
    const nobody = "66f0c0ffee66f0c0ffee66f0";
    expect((await ask({ definition: tagging })).status).toBe(400);
    expect((await ask({ lead: ana })).status).toBe(400);
    expect((await ask({ ruleId: nobody, lead: ana })).status).toBe(404);
    expect((await ask({ definition: tagging, leadId: nobody })).problem()).toMatchObject({
      status: 422,
      errors: [{ pointer: "/leadId" }],
    });
  });
});
