/**
 * SIGKILL at the named points of running rules, in real processes: after the change that caused them, after their
 * enrolment, after the effect of a step. Two minutes later everything has happened, and nothing has happened twice.
 */
import { join } from "node:path";
import { moveClock } from "../../../src/lib/clock/clock";
import { getCentralModels } from "../../../src/lib/db/get.central.models";
import { processEnvironment } from "../../../src/lib/env/env";
import { createRule } from "../../../src/services/saas/automation/automation.service";
import { dispatchEvents } from "../../../src/services/saas/automation/dispatch.events";
import { ruleDefinitionSchema } from "../../../src/services/saas/automation/rule.contract";
import { drainAll } from "../../setup/drain";
import { runScriptFile } from "../../setup/run.script";
import {
  numberOf,
  startWhatsApp,
  type WhatsAppStack,
  type WhatsAppTenant,
  whatsappTenant,
} from "../whatsapp/whatsapp.stack";

const child = join(__dirname, "crash.child.ts");
const phone = "447700907001";
let stack: WhatsAppStack;
let tenant: WhatsAppTenant;

beforeAll(async () => {
  stack = await startWhatsApp([1, 2, 3, 4, 5, 6].map(numberOf));
});
afterAll(() => stack.close());

/** A tenant of its own for each test, with one rule for new leads. */
async function tenantWith(number: number, steps: readonly unknown[]): Promise<void> {
  tenant = await whatsappTenant(stack, numberOf(number));
  const definition = ruleDefinitionSchema.parse({ trigger: { event: "lead_created" }, steps });
  await createRule(tenant.ctx, { name: "rule", definition, enabled: true });
}

async function killedAt(failpoint: string, ...args: readonly string[]): Promise<void> {
  const result = await runScriptFile(child, args, processEnvironment({ FAILPOINT: failpoint }));
  expect([result.signal, result.stderr]).toEqual(["SIGKILL", ""]);
}

const leadKilledAt = (failpoint: string) => killedAt(failpoint, "lead", tenant.ctx.clientCode, `+${phone}`);

/** Dispatch hands what reaches outside to the queue: the process that works that off is the one to be killed. */
async function leadMade(): Promise<void> {
  const args = ["lead", tenant.ctx.clientCode, `+${phone}`];
  const made = await runScriptFile(child, args, processEnvironment());
  expect([made.code, made.stderr]).toEqual([0, ""]);
}

/** The stack two minutes later, started anew. Leases run by the server's own clock: those of the dead are cut short. */
async function twoMinutesLater(): Promise<void> {
  const { Job } = await getCentralModels();
  await Job.updateMany({ state: "running" }, { $set: { leaseUntil: new Date(Date.now() - 1_000) } });
  await moveClock({ byMs: 120_000 });
  await drainAll(dispatchEvents);
  // What a crashed attempt had begun may be in back-off.
  await moveClock({ byMs: 120_000 });
  await drainAll(dispatchEvents);
}

/** The lead was acknowledged, every event was told, and the one rule decided and ran once. */
async function expectRanOnce(): Promise<void> {
  const { AutomationDecision, AutomationRun, Lead, Outbox } = tenant.models;
  expect(await Lead.countDocuments()).toBe(1);
  expect(await Outbox.countDocuments({ type: "lead_created" })).toBe(1);
  expect(await Outbox.countDocuments({ dispatchedAt: null })).toBe(0);
  expect(await AutomationDecision.countDocuments()).toBe(1);
  const runs = await AutomationRun.find().lean();
  expect(runs).toMatchObject([{ status: "completed", lock: null }]);
}

async function expectTaggedOnce(): Promise<void> {
  const { Lead, Outbox } = tenant.models;
  expect((await Lead.findOne().lean())?.tags).toEqual(["new"]);
  expect(await Outbox.countDocuments({ type: "tag_added" })).toBe(1);
}

const tag = { id: "tag", type: "add_tag", tag: "new" };

test("killed after the commit, before anybody was told, the rule still runs, once", async () => {
  await tenantWith(1, [tag]);
  await leadKilledAt("after-change-committed");
  expect(await tenant.models.Lead.countDocuments()).toBe(1);
  expect(await tenant.models.AutomationRun.countDocuments()).toBe(0);
  await twoMinutesLater();
  await expectRanOnce();
  await expectTaggedOnce();
});

test("killed after the enrolment, before the first step, the run goes on, and nobody is enrolled again", async () => {
  await tenantWith(2, [tag]);
  await leadKilledAt("after-run-enrolled");
  expect((await tenant.models.Lead.findOne().lean())?.tags).toEqual([]);
  expect(await tenant.models.AutomationRun.countDocuments()).toBe(1);
  await twoMinutesLater();
  await expectRanOnce();
  await expectTaggedOnce();
});

test("killed after a tag was set, before the run knew, it is not told twice", async () => {
  await tenantWith(3, [tag]);
  await leadKilledAt("after-step-effect");
  expect((await tenant.models.Lead.findOne().lean())?.tags).toEqual(["new"]);
  await twoMinutesLater();
  await expectRanOnce();
  await expectTaggedOnce();
});

test("killed after a meeting was made, before the run knew, there is one meeting", async () => {
  const startsAt = "2031-05-01T10:00:00.000Z";
  await tenantWith(4, [{ id: "meet", type: "create_meeting", title: "Hello", startsAt, duration: "PT30M" }]);
  await leadMade();
  await killedAt("after-step-effect", "drain");
  expect(await tenant.models.Meeting.countDocuments()).toBe(1);
  await twoMinutesLater();
  await expectRanOnce();
  expect(await tenant.models.Meeting.countDocuments()).toBe(1);
  expect(await tenant.models.Outbox.countDocuments({ type: "meeting_created" })).toBe(1);
});

describe("a template on its way through the queue", () => {
  const hello = {
    id: "hello",
    type: "send_template",
    template: "welcome",
    language: "en_US",
    variables: { first_name: "{{lead.firstName}}" },
  };

  async function expectSentOnce(): Promise<void> {
    const messages = await tenant.models.Message.find({ direction: "outbound" }).lean();
    expect(messages).toHaveLength(1);
    const id = messages[0]?._id.toHexString();
    const sends = (await stack.sends()).filter(({ body }) => body.biz_opaque_callback_data === id);
    expect(sends).toHaveLength(1);
  }

  test.each([
    { number: 5, failpoint: "after-step-effect", when: "its message was queued, before the run knew" },
    { number: 6, failpoint: "before-complete", when: "the run had ended, before the queue knew" },
  ])("killed after $when, reaches the customer once", async ({ number, failpoint }) => {
    await tenantWith(number, [hello]);
    await leadMade();
    await killedAt(failpoint, "drain");
    await twoMinutesLater();
    await expectRanOnce();
    await expectSentOnce();
  });
});
