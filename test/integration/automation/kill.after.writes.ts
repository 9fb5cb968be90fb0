/** Kills processes after each of their writes, and sees that what they had begun ends as if nothing had happened. */
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { moveClock } from "../../../src/lib/clock/clock";
import { createTenantContext } from "../../../src/lib/context/create.context";
import { getCentralModels } from "../../../src/lib/db/get.central.models";
import { env, processEnvironment } from "../../../src/lib/env/env";
import { createRule } from "../../../src/services/saas/automation/automation.service";
import { dispatchEvents } from "../../../src/services/saas/automation/dispatch.events";
import { ruleDefinitionSchema } from "../../../src/services/saas/automation/rule.contract";
import { createLead } from "../../../src/services/saas/crm/lead.service";
import { endTransactionsOfTheDead } from "../../setup/dead.transactions";
import { drainAll } from "../../setup/drain";
import { type ScriptResult, startScript } from "../../setup/run.script";
import type { WhatsAppStack, WhatsAppTenant } from "../whatsapp/whatsapp.stack";

const child = join(__dirname, "write.kill.child.ts");
const side = 2;
let phone = 447_700_930_000;

/** Acts at once, through the queue, on the customer's phone, and after a while. */
export async function enableLongRule({ ctx }: WhatsAppTenant): Promise<void> {
  const definition = ruleDefinitionSchema.parse({
    trigger: { event: "lead_created" },
    enrollment: { reentry: "never" },
    steps: [
      { id: "tag", type: "add_tag", tag: "new" },
      { id: "meet", type: "create_meeting", title: "Hello", startsAt: "2041-05-01T10:00:00.000Z" },
      {
        id: "hello",
        type: "send_template",
        template: "welcome",
        language: "en_US",
        variables: { first_name: "{{lead.firstName}}" },
      },
      { id: "wait", type: "delay", duration: "PT1M" },
      { id: "late", type: "add_tag", tag: "late" },
    ],
  });
  await createRule(ctx, { name: "long", definition, enabled: true });
}

/** @param after how many writes; more than there are for one that goes to its end. @returns the lead's phone. */
async function lifeOf(tenant: WhatsAppTenant, after: number): Promise<{ phone: string; life: ScriptResult }> {
  phone += 1;
  const mine = `+${phone}`;
  const uri = new URL(env().MONGODB_URI);
  uri.searchParams.set("monitorCommands", "true");
  const script = startScript(
    child,
    [tenant.ctx.clientCode, mine, String(after)],
    processEnvironment({ MONGODB_URI: uri.href }),
  );
  return { phone: mine, life: await script.ended };
}

/** How many writes there are from a lead to the end of what its rule does at once. */
export async function countWrites(tenant: WhatsAppTenant): Promise<number> {
  const { phone: whole, life } = await lifeOf(tenant, Number.MAX_SAFE_INTEGER);
  expect([life.code, life.stderr]).toEqual([0, ""]);
  await recover();
  await expectWhole(tenant, [whole]);
  return Number(life.stdout);
}

/** One process for each number, killed after so many of its writes. A lead that was not acknowledged is made again. */
export async function expectToSurvive(
  stack: WhatsAppStack,
  tenant: WhatsAppTenant,
  kills: readonly number[],
): Promise<{ killed: number }> {
  const left = [...kills];
  const phones: string[] = [];
  let killed = 0;
  let running = true;
  // What the dead had locked would keep the living waiting for a minute.
  const mourning = (async () => {
    while (running) {
      await endTransactionsOfTheDead();
      await sleep(300);
    }
  })();
  try {
    const lane = async () => {
      for (let after = left.shift(); after !== undefined; after = left.shift()) {
        const { phone: theirs, life } = await lifeOf(tenant, after);
        expect(life.stderr).toBe("");
        if (life.signal === "SIGKILL") killed += 1;
        phones.push(theirs);
      }
    };
    await Promise.all(Array.from({ length: side }, lane));
  } finally {
    running = false;
    await mourning;
  }
  await endTransactionsOfTheDead();
  await makeMissing(tenant, phones);
  await recover();
  await expectWhole(tenant, phones);
  await expectSentAtMostOnce(stack, tenant);
  return { killed };
}

async function makeMissing(tenant: WhatsAppTenant, phones: readonly string[]): Promise<void> {
  const { clientCode, actor } = tenant.ctx;
  const ctx = createTenantContext({ clientCode, actor, requestId: "req_again", dispatch: dispatchEvents });
  const consent = { whatsapp: { optIn: true } };
  for (const each of phones)
    if (!(await tenant.models.Lead.exists({ "phone.e164": each })))
      await createLead(ctx, { firstName: "Ana", phone: each, consent });
}

/** Two minutes later, and again for what a crashed try left in back-off. The leases of the dead are cut short. */
async function recover(): Promise<void> {
  const { Job } = await getCentralModels();
  for (let round = 0; round < 4; round += 1) {
    await Job.updateMany({ state: "running" }, { $set: { leaseUntil: new Date(Date.now() - 1_000) } });
    await moveClock({ byMs: 120_000 });
    await drainAll(dispatchEvents);
  }
}

/** All that one run of the rule does, once. */
async function expectWhole(tenant: WhatsAppTenant, phones: readonly string[]): Promise<void> {
  const { AutomationDecision, AutomationRun, AutomationStepLog, Lead, Meeting, Message, Outbox } =
    tenant.models;
  expect(await Outbox.countDocuments({ dispatchedAt: null })).toBe(0);
  for (const each of phones) {
    const leads = await Lead.find({ "phone.e164": each }).lean();
    expect(leads).toMatchObject([{ tags: ["new", "late"] }]);
    const leadId = leads[0]?._id;
    const told = { "subject.leadId": leadId?.toHexString() };
    const types = (await Outbox.find({ ...told, type: /^(lead_created|tag_added|meeting_created)$/ }).lean())
      .map(({ type }) => type)
      .sort();
    expect(types).toEqual(["lead_created", "meeting_created", "tag_added", "tag_added"]);
    const logs = await AutomationStepLog.find({ leadId }).sort({ startedAt: 1, _id: 1 }).lean();
    expect({
      runs: (await AutomationRun.find({ leadId }).lean()).map(({ status, lock, held }) => ({
        status,
        lock,
        held,
      })),
      decisions: await AutomationDecision.countDocuments({ leadId, outcome: "enrolled" }),
      steps: logs.map(({ stepId, status }) => `${stepId} ${status}`),
      meetings: await Meeting.countDocuments({ leadId }),
      messages: await Message.countDocuments({ leadId, direction: "outbound" }),
    }).toEqual({
      runs: [{ status: "completed", lock: null, held: false }],
      decisions: 1,
      steps: ["tag", "meet", "hello", "wait", "late"].map((id) => `${id} succeeded`),
      meetings: 1,
      messages: 1,
    });
  }
}

/** A send in flight was accepted once, or nobody knows and a person decides: it is never sent again by itself. */
async function expectSentAtMostOnce(stack: WhatsAppStack, tenant: WhatsAppTenant): Promise<void> {
  const sends = await stack.sends();
  const messages = await tenant.models.Message.find({ direction: "outbound" }).lean();
  for (const { _id, status } of messages) {
    const accepted = sends.filter(({ body }) => body.biz_opaque_callback_data === _id.toHexString()).length;
    expect(["sent", "unknown"]).toContain(status);
    expect(accepted).toBeLessThanOrEqual(1);
    if (status === "sent") expect(accepted).toBe(1);
  }
}
