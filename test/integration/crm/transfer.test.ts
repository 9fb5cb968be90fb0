import { createHash } from "node:crypto";
import { setTimeout } from "node:timers/promises";
import { Types, trusted } from "mongoose";
import { pageSchema } from "../../../src/contracts/common.contract";
import { leadSchema } from "../../../src/contracts/lead.contract";
import { exportSchema, importSchema } from "../../../src/contracts/transfer.contract";
import { getCentralModels } from "../../../src/lib/db/get.central.models";
import { tenantMediaStorage } from "../../../src/lib/media/storage/gridfs.storage";
import { closeAllConnections } from "../../../src/lib/tenant/tenant.registry";
import { runExport } from "../../../src/services/saas/crm/transfer/export.run";
import { guarded, unguarded } from "../../../src/services/saas/crm/transfer/formula.guard";
import { runImport } from "../../../src/services/saas/crm/transfer/import.run";
import { sweepTransfers } from "../../../src/services/saas/crm/transfer/transfer.sweep";
import { drainAll } from "../../setup/drain";
import { type CrmTenant, crmTenant, newLead, stagesOf, takeEvents } from "./crm.tenant";

let tenant: CrmTenant;
let stages: Record<string, string>;

beforeAll(async () => {
  tenant = await crmTenant();
  stages = await stagesOf(tenant);
  await tenant.api.post("/api/crm/custom-fields", {
    key: "plan",
    name: "Plan",
    type: "select",
    options: ["gold", "silver"],
  });
  await tenant.api.post("/api/crm/custom-fields", { key: "employees", name: "Employees", type: "number" });
});
afterAll(closeAllConnections);

const dispatch = async (_ctx: unknown, events: CrmTenant["events"]) => {
  tenant.events.push(...events);
};
const followImport = async (id: string) => (await tenant.api.get(`/api/crm/imports/${id}`)).as(importSchema);

/** Sends a file and waits for the job. */
async function importFile(body: Record<string, unknown>) {
  const answer = await tenant.api.post("/api/crm/imports", body);
  expect([answer.status, answer.json()]).toEqual([202, expect.anything()]);
  await drainAll(async (ctx, events) => dispatch(ctx, [...events]));
  return followImport(answer.as(importSchema).id);
}

async function exportFile(body: Record<string, unknown>): Promise<string> {
  const made = (await tenant.api.post("/api/crm/exports", body)).as(exportSchema);
  await drainAll();
  const done = (await tenant.api.get(`/api/crm/exports/${made.id}`)).as(exportSchema);
  expect(done).toMatchObject({ state: "done", progress: 1, failure: null });
  const content = await tenant.api.get(`/api/crm/exports/${made.id}/content`);
  expect([content.status, content.bytes.length]).toEqual([200, done.sizeBytes]);
  return content.bytes.toString();
}

/** An enabled rule that waits for an event. */
async function listen(triggerEvent: string) {
  const now = new Date();
  const { actor: createdBy } = tenant.ctx;
  const times = { createdAt: now, updatedAt: now };
  const rule = { name: "Listens", enabled: true, state: "published", triggerEvent, draft: {} };
  const [made] = await tenant.models.AutomationRule.insertMany([{ ...rule, ...times, createdBy }]);
  return made;
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

const lines = (count: number, line: (n: number) => string) =>
  Array.from({ length: count }, (_, n) => line(n));
const leadsNamed = async (company: string) =>
  (await tenant.models.Lead.find({ company, deletedAt: null }).sort({ rank: 1 }).lean()).map(
    ({ displayName }) => displayName,
  );

test("a file is previewed, committed, and brings nothing new the second time, as its preview says", async () => {
  const head = "Name;Phone;E-mail;Company;Tags;custom.plan;custom.employees;value;score";
  const text = [
    head,
    ...lines(503, (n) => `P ${n};11 9${80_000_000 + n};p${n}@x.com;Pier;a,b;gold;1.200,5;2.500,75;${n}`),
  ].join("\r\n");
  const body = { text, decimalComma: true };
  const preview = await importFile(body);
  expect(preview).toMatchObject({
    state: "previewed",
    counts: { rows: 503, created: 503, updated: 0, unchanged: 0, failed: 0 },
    progress: 1,
  });
  expect(preview.columns).toContainEqual({ column: "Phone", target: "phone" });
  expect(preview.samples[0]).toMatchObject({
    row: 1,
    outcome: "created",
    changes: { phone: { to: "+5511980000000" } },
  });
  expect(await leadsNamed("Pier")).toEqual([]);
  takeEvents(tenant);

  const rule = await listen("lead_created");
  const commit = () => tenant.api.post(`/api/crm/imports/${preview.id}/commit`);
  const answers = [...(await Promise.all([commit(), commit(), commit()])), await commit()];
  expect(answers.map(({ status }) => status)).toEqual([202, 202, 202, 202]);
  await drainAll(async (ctx, events) => dispatch(ctx, [...events]));
  expect(await followImport(preview.id)).toMatchObject({
    state: "done",
    counts: { created: 503, failed: 0 },
  });
  expect(await leadsNamed("Pier")).toEqual(lines(503, (n) => `P ${n}`));
  const types = takeEvents(tenant);
  expect(types.filter((type) => type === "lead_created")).toHaveLength(503);
  expect(types.filter((type) => type === "stage_enter")).toHaveLength(503);
  await tenant.models.AutomationRule.deleteOne({ _id: rule?._id });
  const [first] = (await tenant.api.get("/api/crm/leads?email=p0@x.com")).as(pageSchema(leadSchema)).data;
  expect(first).toMatchObject({
    phone: "+5511980000000",
    tags: ["a", "b"],
    custom: { plan: "gold", employees: 1_200.5 },
    value: { amount: 2_500.75, currency: "EUR" },
    stageId: stages.new,
  });
  const history = await tenant.api.get(`/api/crm/leads/${first?.id}/stage-history`);
  expect(history.json()).toMatchObject({ data: [{ toStageId: stages.new, leftAt: null }] });

  const again = await importFile(body);
  expect(again.counts).toMatchObject({ rows: 503, created: 0, updated: 0, unchanged: 503, failed: 0 });
  const committed = await importFile({ ...body, mode: "commit" });
  expect(committed).toMatchObject({ state: "done", counts: { unchanged: 503, created: 0, updated: 0 } });
  expect(takeEvents(tenant)).toEqual(["import_finished", "import_finished"]);
});

test("rows that cannot be taken are told with their columns, in a file that can be corrected and sent again", async () => {
  const other = await newLead(tenant, { firstName: "Other", email: "other@x.com" });
  const owner = await newLead(tenant, { firstName: "Owner", phone: "+5511955550001" });
  const text = [
    "nome,celular,email,custom.plan,score",
    "Bad phone,123,,gold,1",
    '=cmd|"calc",+5511955550009,,bronze,2',
    "Nobody,,,,",
    "Two at once,+5511955550001,other@x.com,,",
    "Fine,+5511955550002,fine@x.com,silver,5",
    "Fine again,11955550002,,,",
    "Too many,+5511955550003,,,,,x",
    "Words,+5511955550004,,,many",
  ].join("\n");
  const done = await importFile({ text, mode: "commit" });
  expect(done).toMatchObject({
    state: "done",
    counts: { rows: 8, created: 1, failed: 7 },
    hasErrorFile: true,
  });
  const file = await tenant.api.get(`/api/crm/imports/${done.id}/errors`);
  expect([file.status, file.headers["content-type"]]).toEqual([200, "text/csv; charset=utf-8"]);
  const told = file.bytes.toString().split("\r\n");
  expect(told[0]).toBe("\ufeff_row,_errors,nome,celular,email,custom.plan,score");
  expect(told[1]).toMatch(/^1,"?celular: It is not a phone number/);
  expect(told[2]).toMatch(
    /^2,custom.plan: Must be one of the field's options\.,"'=cmd\|""calc""",\+5511955550009/,
  );
  expect(told[3]).toMatch(/^3,.*no phone, e-mail or external id/);
  expect(told[4]).toContain(`belongs to another lead too: ${other.id}`);
  expect(told[5]).toMatch(/^6,Row 5 of this file names the same lead/);
  expect(told[6]).toMatch(/^7,The row has 7 values for 5 columns/);
  expect(told[7]).toMatch(/^8,"score: /);
  expect((await tenant.api.get(`/api/crm/leads/${owner.id}`)).as(leadSchema).version).toBe(1);
});

test("a change by import shows before and after, keeps what the file does not say, and can be kept from the rules", async () => {
  const lead = await newLead(tenant, {
    firstName: "Rui",
    phone: "+351912345678",
    tags: ["old"],
    company: "Sol",
  });
  takeEvents(tenant);
  const text =
    '[{"phone":"+351 912 345 678","firstName":"Rui","lastName":"Costa","tags":["new"],"email":""}]';
  const preview = await importFile({ format: "json", text, runRules: false });
  expect(preview.samples).toEqual([
    expect.objectContaining({
      outcome: "updated",
      leadId: lead.id,
      changes: { lastName: { from: null, to: "Costa" }, displayName: { from: "Rui", to: "Rui Costa" } },
    }),
  ]);
  await tenant.api.post(`/api/crm/imports/${preview.id}/commit`);
  await drainAll(async (ctx, events) => dispatch(ctx, [...events]));
  const after = (await tenant.api.get(`/api/crm/leads/${lead.id}`)).as(leadSchema);
  expect(after).toMatchObject({ lastName: "Costa", tags: ["old", "new"], company: "Sol", version: 2 });
  expect(takeEvents(tenant).filter((type) => type.startsWith("lead"))).toEqual([]);
  const log = await tenant.models.Outbox.find({ "subject.leadId": lead.id, type: "lead_updated" }).lean();
  expect(log.map(({ dispatchedAt }) => dispatchedAt)).toEqual([expect.any(Date)]);
  const skipped = await importFile({ format: "json", text: text.replace("Costa", "Reis"), onMatch: "skip" });
  expect(skipped.counts).toMatchObject({ skipped: 1, updated: 0 });
});

test("an import that lost its job goes on behind the last slice, and nobody is made twice", async () => {
  const text = ["name,phone,company", ...lines(503, (n) => `R ${n},+35193${1_000_000 + n},Rest`)].join("\n");
  const made = (await tenant.api.post("/api/crm/imports", { text, mode: "commit" })).as(importSchema);
  const stopped = new AbortController();
  const progress = async () => stopped.abort();
  expect(await runImport(tenant.ctx, made.id, { signal: stopped.signal, progress })).toBe(false);
  expect(await followImport(made.id)).toMatchObject({ state: "running", counts: { created: 500 } });
  // The worker died: its job is gone, the record stands.
  const { Job } = await getCentralModels();
  await Job.deleteMany({});
  await tenant.models.LeadImport.updateOne({ state: "running" }, { $set: { updatedAt: new Date(0) } });
  expect((await sweepTransfers(tenant.ctx)).taken).toBe(1);
  await drainAll(async (ctx, events) => dispatch(ctx, [...events]));
  expect(await followImport(made.id)).toMatchObject({
    state: "done",
    counts: { rows: 503, created: 503 },
  });
  // No rule waits for new leads, so nobody is told of each of them: the log has them all the same.
  expect(takeEvents(tenant)).not.toContain("lead_created");
  const ids = (await tenant.models.Lead.find({ company: "Rest" }).lean()).map(({ _id }) => _id.toHexString());
  const logged = await tenant.models.Outbox.find({ "subject.leadId": trusted({ $in: ids }) }).lean();
  expect(logged.map(({ dispatchedAt }) => dispatchedAt)).toEqual(Array(2 * 503).fill(expect.any(Date)));
  expect(await leadsNamed("Rest")).toEqual(lines(503, (n) => `R ${n}`));
  expect(await tenant.models.StageHistory.countDocuments({})).toBe(
    await tenant.models.Lead.countDocuments({}),
  );
});

test("what others change while an import runs is neither made twice nor written over", async () => {
  const known = await newLead(tenant, { firstName: "Known", phone: "+351941000501", company: "Race" });
  const text = ["name,phone,company,score", ...lines(503, (n) => `N ${n},+35194${1_000_000 + n},Race,7`)];
  const made = await tenant.api.post("/api/crm/imports", { text: text.join("\n"), mode: "commit" });
  const { id } = made.as(importSchema);
  // The second slice has a lead that somebody makes, one that somebody changes, and a stage of another version.
  const others = async () => {
    await setTimeout(50);
    await newLead(tenant, { firstName: "Faster", phone: "+351941000500", company: "Race" });
    await tenant.api.post(`/api/crm/leads/${known.id}/tags`, { tags: ["called"] });
    await tenant.models.Pipeline.updateOne({ isDefault: true }, { $inc: { version: 1 } });
  };
  let meanwhile: Promise<void> | undefined;
  const progress = async () => {
    meanwhile ??= others();
    await meanwhile;
  };
  const job = { signal: new AbortController().signal, progress };
  // Twice at once, as after a lease that ran out: one of them goes on, the other finds it taken.
  expect(await Promise.all([runImport(tenant.ctx, id, job), runImport(tenant.ctx, id, job)])).toEqual([
    true,
    true,
  ]);
  expect(await followImport(id)).toMatchObject({
    state: "done",
    counts: { rows: 503, created: 501, updated: 2, failed: 0 },
  });
  expect(await tenant.models.Lead.countDocuments({ company: "Race", score: 7 })).toBe(503);
  expect((await tenant.api.get(`/api/crm/leads/${known.id}`)).as(leadSchema)).toMatchObject({
    displayName: "N 501",
    tags: ["called"],
    version: 3,
  });
});

test("a number that its lead gave up makes a new lead, as it does everywhere else", async () => {
  const former = await newLead(tenant, { firstName: "Former" });
  const _id = "tel:+351945000000";
  const leadId = new Types.ObjectId(former.id);
  await tenant.models.ContactIdentity.create({ _id, leadId, retiredAt: new Date() });
  const done = await importFile({ text: "name,phone\nNext,+351945000000\n", mode: "commit" });
  expect(done.counts).toMatchObject({ rows: 1, created: 1, updated: 0, failed: 0 });
  const identity = await tenant.models.ContactIdentity.findById(_id).lean();
  expect([identity?.leadId.equals(leadId), identity?.retiredAt]).toEqual([false, null]);
});

test("a preview that died behind the rows it had refused goes on", async () => {
  const text = "phone,company\nnobody,Preview\n+351933333333,Preview\n";
  const made = (await tenant.api.post("/api/crm/imports", { text })).as(importSchema);
  await tenant.models.LeadImportError.create({
    importId: made.id,
    row: 1,
    cells: [["phone", "nobody"]],
    problems: [{ column: "phone", code: "invalid-phone", detail: "It is not a phone number." }],
    expireAt: new Date(Date.now() + 60_000),
  });
  await drainAll();
  expect(await followImport(made.id)).toMatchObject({
    state: "previewed",
    counts: { rows: 2, created: 1, failed: 1 },
  });
});

test("a cancelled import stops where it is, and one that is over cannot be cancelled or committed", async () => {
  const text = ["name,phone,company", ...lines(503, (n) => `C ${n},+35196${1_000_000 + n},Cut`)].join("\n");
  const made = (await tenant.api.post("/api/crm/imports", { text, mode: "commit" })).as(importSchema);
  const progress = async () => {
    expect((await tenant.api.post(`/api/crm/imports/${made.id}/cancel`)).status).toBe(200);
  };
  await runImport(tenant.ctx, made.id, { signal: new AbortController().signal, progress });
  expect(await followImport(made.id)).toMatchObject({ state: "cancelled", counts: { created: 500 } });
  expect(await leadsNamed("Cut")).toHaveLength(500);
  expect((await tenant.api.post(`/api/crm/imports/${made.id}/cancel`)).status).toBe(200);
  const commit = await tenant.api.post(`/api/crm/imports/${made.id}/commit`);
  expect([commit.status, commit.problem().code]).toEqual([422, "invalid-state"]);
});

test.each([
  ["no-identity", { text: "name,company\nA,B\n" }],
  ["empty-file", { text: "phone,name\n" }],
  ["invalid-file", { text: 'phone,name\n+351912000000,"open\n' }],
  ["invalid-file", { format: "json", text: '"just a text"' }],
  ["duplicate-column", { text: "phone,phone\n1,2\n" }],
  ["unknown-column", { text: "phone\n1\n", mapping: { mobile: "phone" } }],
])("a file that is none fails with %s and a sentence", async (code, body) => {
  expect(await importFile(body)).toMatchObject({ state: "failed", failure: { code } });
});

test("an export streams the leads of a filter, guards formulas, and comes back unchanged as an import", async () => {
  await newLead(tenant, { displayName: "=1+1", company: "Export", phone: "+351911111111", tags: ["x", "y"] });
  await newLead(tenant, {
    firstName: "Zé, Jr",
    company: "Export",
    email: "ze@x.com",
    externalIds: { erp: "E-1" },
    custom: { employees: 5 },
    tags: ["x"],
  });
  const csv = await exportFile({ filter: { tag: "x" } });
  const [head = "", first = "", second = ""] = csv.split("\r\n");
  expect(head).toContain("custom.employees,custom.plan,externalIds.erp");
  expect(first).toContain("'=1+1");
  expect(first).toContain(",+351911111111,");
  expect(second).toContain('"Zé, Jr"');
  const back = await importFile({ text: csv });
  expect(back.counts).toMatchObject({ rows: 2, unchanged: 2, failed: 0 });
  const json = await exportFile({ format: "json", filter: { tag: "x" } });
  expect(JSON.parse(json)).toEqual([
    expect.objectContaining({ displayName: "=1+1", stageKey: "new" }),
    expect.objectContaining({ externalIds: { erp: "E-1" } }),
  ]);
  expect((await importFile({ text: json, format: "json" })).counts).toMatchObject({ rows: 2, unchanged: 2 });
  const condition = { all: [{ field: "lead.displayName", op: "starts_with", value: "z" }] };
  const chosen = await exportFile({ columns: ["displayName"], filter: { tag: "x", q: "jr", condition } });
  expect(chosen).toBe('\ufeffdisplayName\r\n"Zé, Jr"\r\n');
  const wrong = { all: [{ field: "lead.nothing", op: "equals", value: 5 }] };
  const refused = await tenant.api.post("/api/crm/exports", { filter: { condition: wrong } });
  expect([refused.status, refused.problem().errors?.[0]?.pointer]).toEqual([
    400,
    expect.stringMatching(/^\/filter\/condition\/all\/0/),
  ]);
  const part = await exportFile({ columns: ["phone", "displayName"], filter: { phone: "+351911111111" } });
  expect(part).toBe("\ufeffphone,displayName\r\n+351911111111,'=1+1\r\n");
});

test.each(["csv", "json"])(
  "an export (%s) that lost its job goes on behind its last piece, and leaves nothing half written",
  async (format) => {
    const tags = [`pieces_${format}`];
    for (const firstName of ["A", "B", "C", "D"]) await newLead(tenant, { firstName, tags });
    const asked = {
      format,
      filter: { tag: tags[0] },
      ...(format === "csv" ? { columns: ["firstName"] } : {}),
    };
    const { id } = (await tenant.api.post("/api/crm/exports", asked)).as(exportSchema);
    const { LeadExport } = tenant.models;
    const storage = await tenantMediaStorage(tenant.ctx.clientCode);
    const files = () => LeadExport.db.collection("media.files").countDocuments({});
    const before = await files();
    const stopped = new AbortController();
    const progress = async () => stopped.abort();
    expect(await runExport(tenant.ctx, id, { signal: stopped.signal, progress }, 2)).toBe(false);
    const running = (await tenant.api.get(`/api/crm/exports/${id}`)).as(exportSchema);
    expect(running).toMatchObject({ state: "running", rows: 2, sizeBytes: null });
    expect((await tenant.api.get(`/api/crm/exports/${id}/content`)).problem().code).toBe("invalid-state");
    // The worker died in the middle of a piece.
    const openKey = storage.newKey();
    await storage.write(openKey, once(Buffer.from("half")));
    await LeadExport.updateOne({ _id: id }, { $set: { openKey } });
    const job = { signal: new AbortController().signal, progress: async () => undefined };
    expect(await Promise.all([runExport(tenant.ctx, id, job, 2), runExport(tenant.ctx, id, job, 2)])).toEqual(
      [true, true],
    );
    const done = (await tenant.api.get(`/api/crm/exports/${id}`)).as(exportSchema);
    const { bytes } = await tenant.api.get(`/api/crm/exports/${id}/content`);
    expect(done).toMatchObject({ state: "done", rows: 4, progress: 1, sizeBytes: bytes.length });
    expect(createHash("sha256").update(bytes).digest("hex")).toBe(done.sha256);
    const text = bytes.toString();
    if (format === "csv") expect(text).toBe("\ufefffirstName\r\nA\r\nB\r\nC\r\nD\r\n");
    else expect(JSON.parse(text)).toMatchObject(["A", "B", "C", "D"].map((firstName) => ({ firstName })));
    const range = { range: "bytes=5-24" };
    const middle = await tenant.api.get(`/api/crm/exports/${id}/content`, range);
    expect([middle.status, middle.bytes.toString()]).toEqual([206, bytes.subarray(5, 25).toString()]);
    expect(await files()).toBe(before + 3);
  },
);

test("an export that is cancelled leaves no file", async () => {
  const files = () => tenant.models.LeadExport.db.collection("media.files").countDocuments({});
  const before = await files();
  const made = (await tenant.api.post("/api/crm/exports", { filter: {} })).as(exportSchema);
  const progress = async () => {
    expect((await tenant.api.post(`/api/crm/exports/${made.id}/cancel`)).status).toBe(200);
  };
  await runExport(tenant.ctx, made.id, { signal: new AbortController().signal, progress }, 2);
  expect((await tenant.api.get(`/api/crm/exports/${made.id}`)).as(exportSchema).state).toBe("cancelled");
  expect(await files()).toBe(before);
});

test.each(["=1", "+x", "-x", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "＝1", "＠x"])(
  "the text %j is no formula in a file, and itself again when it comes back",
  (text) => {
    expect(guarded(text)).toBe(`'${text}`);
    expect(unguarded(guarded(text))).toBe(text);
  },
);

test("files and their records are gone after a week", async () => {
  await tenant.models.LeadExport.updateMany({}, { $set: { expiresAt: new Date(0) } });
  await tenant.models.LeadImport.updateMany({}, { $set: { expiresAt: new Date(0) } });
  expect((await sweepTransfers(tenant.ctx)).taken).toBeGreaterThan(5);
  expect(await tenant.models.LeadImport.countDocuments({})).toBe(0);
  expect(await tenant.models.LeadImportError.countDocuments({})).toBe(0);
  expect((await tenant.api.get("/api/crm/exports")).json()).toMatchObject({ data: [] });
});

test("an owner in a file, or for new leads, must be somebody of the tenant", async () => {
  await tenant.api.post("/api/crm/users", { key: "ines", name: "Ines", email: "ines@import.example" });
  const text = "phone,owner\n+5511912340001,ines\n+5511912340002,ghost\n";
  const done = await importFile({ text, mode: "commit", mapping: { owner: "ownerId" } });
  expect(done.counts).toMatchObject({ created: 1, failed: 1 });
  const errors = (await tenant.api.get(`/api/crm/imports/${done.id}/errors`)).bytes.toString();
  expect(errors).toContain("nobody who works here");
  const refused = await tenant.api.post("/api/crm/imports", { text, defaults: { ownerId: "ghost" } });
  expect(refused.problem()).toMatchObject({ status: 422, errors: [{ pointer: "/defaults/ownerId" }] });
});
