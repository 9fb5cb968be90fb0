/** Everything about a person can be read, and erased so that nothing is left: looked for in whole databases. */
import { join } from "node:path";
import { Types, trusted } from "mongoose";
import type * as z from "zod";
import { pageSchema } from "../../../src/contracts/common.contract";
import { leadSchema } from "../../../src/contracts/lead.contract";
import { erasureSchema, personalRecordSchema } from "../../../src/contracts/privacy.contract";
import { exportSchema, importSchema } from "../../../src/contracts/transfer.contract";
import { centralConnection } from "../../../src/lib/db/central.connection";
import { getCentralModels } from "../../../src/lib/db/get.central.models";
import { processEnvironment } from "../../../src/lib/env/env";
import { tenantConnection } from "../../../src/lib/tenant/tenant.registry";
import { routes } from "../../../src/routes";
import { dispatchEvents } from "../../../src/services/saas/automation/dispatch.events";
import { sweepErasures } from "../../../src/services/saas/privacy/erase.person.service";
import { quarantine } from "../../../src/services/saas/whatsapp/quarantine.service";
import { ApiClient, keysOf, lambdaTransport } from "../../builders/api.client";
import { createTenant } from "../../builders/client.builder";
import { runScriptFile } from "../../setup/run.script";
import {
  contactOf,
  customerMessage,
  numberOf,
  startWhatsApp,
  type WhatsAppStack,
  type WhatsAppTenant,
  webhookBody,
  whatsappTenant,
} from "../whatsapp/whatsapp.stack";

const personPage = pageSchema(personalRecordSchema);
const child = join(__dirname, "../automation/crash.child.ts");
/** What only this person's records say. */
const traces = /447700905001|zenobia|unmistakable/i;
let stack: WhatsAppStack;
let tenant: WhatsAppTenant;

beforeAll(async () => {
  stack = await startWhatsApp([1].map(numberOf));
  tenant = await whatsappTenant(stack, numberOf(1));
});
afterAll(() => stack.close());

async function hitsIn(connection: {
  listCollections(): Promise<{ name: string }[]>;
  collection(name: string): { find(filter: object): { toArray(): Promise<unknown[]> } };
}): Promise<string[]> {
  const hits: string[] = [];
  for (const { name } of await connection.listCollections())
    for (const row of await connection.collection(name).find({}).toArray())
      if (traces.test(JSON.stringify(row))) hits.push(name);
  return [...new Set(hits)].sort();
}

async function writtenLead(from: string, name: string, text: string): Promise<string> {
  const body = webhookBody(tenant.number, {
    contacts: [contactOf(from, name)],
    messages: [customerMessage(from, { text: { body: text } })],
  });
  expect((await stack.deliver(body)).status).toBe(200);
  await stack.drain();
  const lead = await tenant.models.Lead.findOne({ waId: from }).orFail();
  return lead._id.toHexString();
}

test("a person is shown whole, then erased from every collection, quarantine included; others stay", async () => {
  const keys = await createTenant("someone-else");
  const elsewhere = new ApiClient(lambdaTransport(routes), keysOf(keys));
  const leadId = await writtenLead("447700905001", "Zenobia", "unmistakable words");
  const otherId = await writtenLead("447700905002", "Other", "hello");
  const all = new ApiClient(lambdaTransport(routes, { dispatch: dispatchEvents }), tenant.keys);
  const conversation = await tenant.models.Conversation.findOne({ leadId }).orFail();
  for (const [path, body] of [
    [`/api/crm/leads/${leadId}/notes`, { text: "Unmistakable note on Zenobia" }],
    ["/api/crm/meetings", { leadId, title: "Zenobia visits", startsAt: "2031-01-01T09:00:00.000Z" }],
    [
      `/api/crm/conversations/${conversation._id.toHexString()}/messages`,
      { kind: "text", text: "unmistakable answer" },
    ],
  ] as const)
    expect((await all.post(path, body, { "idempotency-key": `k-${path.length}` })).status).toBeLessThan(300);
  const item = {
    dedupeKey: "m:held",
    field: "messages",
    kind: "message" as const,
    what: "text",
    wabaId: tenant.number.wabaId,
    phoneNumberId: tenant.number.phoneNumberId,
  };
  await quarantine(
    {
      reason: "tenant_unavailable",
      clientCode: tenant.ctx.clientCode,
      routeKey: null,
      endpointId: "default",
      items: [
        { ...item, raw: JSON.stringify({ from: "447700905001", text: "held" }) },
        { ...item, dedupeKey: "m:held2", raw: JSON.stringify({ from: "447700905002", text: "held" }) },
      ],
    },
    { requestId: "req_test", receivedAt: new Date() },
  );

  const importOf = async (text: string) => {
    const made = (await all.post("/api/crm/imports", { text, mode: "commit" })).as(importSchema);
    await stack.drain();
    return made.id;
  };
  const exportOf = async (body: object) => {
    const made = (await all.post("/api/crm/exports", body)).as(exportSchema);
    await stack.drain();
    return made.id;
  };
  // The number as people write it where it is from; and a row of it that was refused.
  await all.patch("/api/crm/settings", { defaultCountry: "GB" });
  const theirs = await importOf("phone,company\n07700 905001,Zenobia Ltd\n07700 905001,Twice\n");
  const others = await importOf("phone,company\n07700 905007,Others Ltd\n");
  const exported = await exportOf({ filter: {} });
  const untold = await exportOf({ filter: {}, columns: ["company"] });
  const kept = await exportOf({ filter: { phone: "+447700905007" } });

  const shown = new Set<string>();
  for (let cursor: string | null = ""; cursor !== null; ) {
    const query: string = cursor === "" ? "" : `&cursor=${cursor}`;
    const page: z.infer<typeof personPage> = (
      await all.get(`/api/crm/leads/${leadId}/personal-data?limit=2${query}`)
    ).as(personPage);
    for (const { collection } of page.data) shown.add(collection);
    cursor = page.nextCursor;
  }
  expect([...shown].sort()).toEqual(
    expect.arrayContaining(["leads", "meetings", "messages", "notes", "webhookEvents", "conversations"]),
  );
  expect((await elsewhere.post("/api/crm/privacy/erase", { leadId })).status).toBe(422);
  expect((await elsewhere.get(`/api/crm/leads/${leadId}/personal-data`)).status).toBe(404);
  const database = await tenantConnection(tenant.ctx.clientCode);
  expect((await hitsIn(database)).length).toBeGreaterThan(6);

  const asked = await all.post("/api/crm/privacy/erase", { leadId, reason: "asked by letter" });
  expect(asked.status).toBe(202);
  const { Job } = await getCentralModels();
  const jobs = () => Job.countDocuments({ type: "person.erase", state: "waiting" });
  await Job.deleteMany({ type: "person.erase" });
  const again = await all.post("/api/crm/privacy/erase", { leadId });
  expect(again.as(erasureSchema).id).toBe(asked.as(erasureSchema).id);
  expect(await jobs()).toBe(1);
  // The same when nobody asks again.
  await Job.deleteMany({ type: "person.erase" });
  const later = { ...tenant.ctx, now: () => new Date(Date.now() + 120_000) };
  expect([await sweepErasures(tenant.ctx), await sweepErasures(later), await jobs()]).toEqual([
    { taken: 0 },
    { taken: 1 },
    1,
  ]);
  // The job dies after its first collection; the next attempt goes on from what is left.
  const killed = await runScriptFile(child, ["drain"], processEnvironment({ FAILPOINT: "amid-erasure" }));
  expect(killed.signal).toBe("SIGKILL");
  await Job.updateMany({ state: "running" }, { $set: { leaseUntil: new Date(Date.now() - 1_000) } });
  await stack.drain();

  expect(await hitsIn(database)).toEqual([]);
  const chunks = await database
    .collection<{ data: { value(): Uint8Array } }>("media.chunks")
    .find({})
    .toArray();
  const texts = chunks.map(({ data }) => Buffer.from(data.value()).toString());
  expect(texts.filter((text) => traces.test(text) || text.includes("07700 905001"))).toEqual([]);
  for (const [id, state] of Object.entries({ [exported]: "failed", [untold]: "failed", [kept]: "done" }))
    expect([id, (await all.get(`/api/crm/exports/${id}`)).as(exportSchema).state]).toEqual([id, state]);
  const done = (await all.get(`/api/crm/imports/${theirs}`)).as(importSchema);
  expect(done).toMatchObject({ state: "done", samples: [], hasErrorFile: false });
  expect((await all.get(`/api/crm/imports/${others}`)).as(importSchema).samples).toHaveLength(1);
  const proof = (await all.get(`/api/crm/privacy/erasures/${asked.as(erasureSchema).id}`)).as(erasureSchema);
  expect(proof).toMatchObject({ state: "done", leadId, reason: "asked by letter" });
  expect(proof.counts).toMatchObject({ leads: 1, notes: 1, meetings: 1, quarantine: 1, conversations: 1 });
  expect(proof.counts).toMatchObject({ leadImports: 1, leadImportErrors: 1, leadExports: 2 });
  expect(proof.identifierHashes.length).toBeGreaterThan(0);
  expect((await all.get(`/api/crm/leads/${leadId}`)).status).toBe(404);
  expect((await all.get(`/api/crm/leads/${otherId}`)).status).toBe(200);
  expect(await tenant.models.Message.countDocuments({ leadId: otherId })).toBe(1);
  expect(await tenant.models.Outbox.countDocuments({ type: "lead_erased" })).toBe(1);
  const central = await centralConnection();
  expect(await hitsIn(central)).toEqual([]);
});

test("what came from a number that a person gave up goes as well, unless it is somebody else's now", async () => {
  const all = new ApiClient(lambdaTransport(routes, { dispatch: dispatchEvents }), tenant.keys);
  const lead = (await all.post("/api/crm/leads", { firstName: "Mover", phone: "+447700905021" })).as(
    leadSchema,
  );
  for (const phone of ["+447700905022", "+447700905023"])
    await all.patch(`/api/crm/leads/${lead.id}`, { phone });
  // The first number is another person's by now.
  await all.post("/api/crm/leads", { firstName: "Next", phone: "+447700905021" });
  const raws = ["447700905021", "447700905022", "447700905023"].map((from) => JSON.stringify({ from }));
  const { WebhookEvent } = tenant.models;
  const now = new Date();
  await WebhookEvent.collection.insertMany(
    raws.map((raw, n) => ({
      _id: new Types.ObjectId(),
      dedupeKey: `old:${n}`,
      raw,
      state: "processed",
      createdAt: now,
    })),
  );
  await all.post("/api/crm/privacy/erase", { leadId: lead.id });
  await stack.drain();
  const left = await WebhookEvent.find({ dedupeKey: trusted({ $in: ["old:0", "old:1", "old:2"] }) }).lean();
  expect(left.map(({ raw }) => raw)).toEqual([raws[0]]);
});
