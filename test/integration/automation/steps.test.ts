/** Each step of the catalogue does what it says once, however often it is told to, and nothing when the run passes it by. */
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import { Types } from "mongoose";
import { now } from "../../../src/lib/clock/clock";
import { getCentralModels } from "../../../src/lib/db/get.central.models";
import { adoptEnvironment } from "../../../src/lib/env/env";
import { toCrmEvent } from "../../../src/lib/tenant/commit.change";
import { advanceRun } from "../../../src/services/saas/automation/advance.run";
import { createRule } from "../../../src/services/saas/automation/automation.service";
import { dispatchEvents } from "../../../src/services/saas/automation/dispatch.events";
import { ruleDefinitionSchema, stepSchemas } from "../../../src/services/saas/automation/rule.contract";
import { rotateWebhookSecret } from "../../../src/services/saas/automation/webhook.secret";
import { drainAll } from "../../setup/drain";
import {
  numberOf,
  startWhatsApp,
  type WhatsAppStack,
  type WhatsAppTenant,
  whatsappTenant,
} from "../whatsapp/whatsapp.stack";
import { stepCases } from "./step.cases";
import { World } from "./trigger.cases";

let stack: WhatsAppStack;
let tenant: WhatsAppTenant;
let server: Server;
let url = "";
let heard: unknown[] = [];

beforeAll(async () => {
  server = createServer((request, response) => {
    heard.push(request.headers["webhook-id"]);
    request.resume().on("end", () => response.writeHead(200).end());
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  const host = `127.0.0.1:${typeof address === "object" && address ? address.port : 0}`;
  url = `http://${host}/hook`;
  adoptEnvironment({ LOCAL_ALLOWED_HOSTS: host });
  stack = await startWhatsApp();
  tenant = await whatsappTenant(stack, numberOf(1));
  await stack.sim("/_sim/statuses", { steps: [] });
  const { User } = await getCentralModels();
  for (const key of ["maria", "joao"]) {
    const person = { key, name: key, emailLower: `${key}@acme.example`, createdAt: now(), updatedAt: now() };
    await User.create({ clientCode: tenant.ctx.clientCode, ...person });
  }
  await rotateWebhookSecret(tenant.ctx);
  await tenant.models.MediaAsset.create(brochure());
});
afterEach(async () => {
  heard = [];
  await tenant.models.AutomationRule.deleteMany({});
  await tenant.models.AutomationRun.deleteMany({});
});
afterAll(async () => {
  server.close();
  await stack.close();
});

/** A file that was uploaded, whose bytes nobody asks for. */
function brochure() {
  const of = { width: null, height: null, durationMs: null, size: 10, sha256: "0".repeat(64) };
  return {
    _id: new Types.ObjectId(),
    version: 1,
    createdAt: now(),
    updatedAt: now(),
    origin: "upload" as const,
    kind: "document" as const,
    key: "brochure",
    state: "ready" as const,
    declaredMime: "application/pdf",
    renditions: [{ role: "original" as const, storageKey: "none", mime: "application/pdf", ...of }],
  };
}

test("every step of the catalogue has a case", () => {
  expect(Object.keys(stepCases).sort()).toEqual([...stepSchemas.keys()].sort());
});

test.each(Object.entries(stepCases))(
  "%s is taken once, and not when the run passes it by",
  async (type, given) => {
    const world = new World(stack, tenant, () => "");
    const publish = async (definition: object) =>
      (
        await createRule(world.ctx, {
          name: type,
          definition: ruleDefinitionSchema.parse(definition),
          enabled: true,
        })
      ).id;
    const otherRule = await publish({
      trigger: { event: "lead_updated", filter: { field: "lead.company", op: "equals", value: "other" } },
      steps: [{ id: "w", type: "delay", duration: "P9D" }],
    });
    const ruleId = await publish({
      trigger: { event: "tag_added", tag: "go" },
      steps: [
        {
          id: "choose",
          type: "branch",
          cases: [{ when: { field: "lead.tags", op: "any_of", value: ["pass"] }, goto: "right" }],
        },
        { id: "step", type, ...given.settings({ url, otherRule }) },
        { id: "wrong", type: "set_var", name: "on", value: "way" },
        { id: "right", type: "exit" },
      ],
    });
    const goesThrough = async (...tags: string[]) => {
      await world.born();
      await given.before?.(world);
      await world.tag(...tags, "go");
      await drainAll(dispatchEvents);
      if (given.hours !== undefined) await world.later(given.hours * 3_600_000 + 1_000);
      const run = await tenant.models.AutomationRun.findOne({ ruleId, leadId: world.leadId }).lean();
      expect(run).toMatchObject({ status: "completed" });
      const runId = run?._id.toHexString() ?? "";
      return { runId, logs: await tenant.models.AutomationStepLog.find({ runId, stepId: "step" }).lean() };
    };
    const count = () => given.count?.(world, heard);

    expect((await goesThrough("pass")).logs).toEqual([]);
    expect((await count()) ?? 0).toBe(0);

    const { runId, logs } = await goesThrough();
    expect(logs).toMatchObject([{ type, status: "succeeded", iteration: 0 }]);
    expect((await count()) ?? 1).toBe(1);

    const log = await tenant.models.Outbox.find({ "subject.leadId": world.leadId, type: "tag_added" }).lean();
    await dispatchEvents(world.ctx, log.map(toCrmEvent));
    await advanceRun(world.ctx, runId, { from: "job", lastTry: () => true });
    await drainAll(dispatchEvents);
    expect((await count()) ?? 1).toBe(1);
    expect(await tenant.models.AutomationRun.countDocuments({ ruleId, leadId: world.leadId })).toBe(1);
  },
);
