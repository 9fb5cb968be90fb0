import { trusted } from "mongoose";
import { pageSchema } from "../../../src/contracts/common.contract";
import { leadSchema } from "../../../src/contracts/lead.contract";
import { deletedLeadSchema } from "../../../src/contracts/lead.search.contract";
import { sourceEntrySchema, tagEntrySchema } from "../../../src/contracts/vocabulary.contract";
import { vocabularyMigration } from "../../../src/lib/tenant/migrations/0003.vocabulary";
import { closeAllConnections, tenantConnection } from "../../../src/lib/tenant/tenant.registry";
import { type CrmTenant, crmTenant, newLead } from "./crm.tenant";

let tenant: CrmTenant;

beforeAll(async () => {
  tenant = await crmTenant();
});
afterAll(closeAllConnections);

const tags = async (query = "") =>
  (await tenant.api.get(`/api/crm/tags?${query}`)).as(pageSchema(tagEntrySchema));
const names = async (query = "") => (await tags(query)).data.map(({ name }) => name);

test("what leads are tagged with, and where they come from, is on the lists by itself, by the alphabet", async () => {
  const lead = await newLead(tenant, { firstName: "Ana", tags: ["vip", "Árvore"], source: "website" });
  await tenant.api.post(`/api/crm/leads/${lead.id}/tags`, { tags: ["vip", "fair"] });
  await tenant.api.patch(`/api/crm/leads/${lead.id}`, { source: "fair booth" });
  expect(await names()).toEqual(["Árvore", "fair", "vip"]);
  expect(await names("q=AR")).toEqual(["Árvore"]);
  const first = await tags("limit=1");
  expect((await tags(`limit=2&cursor=${first.nextCursor}`)).data.map(({ name }) => name)).toEqual([
    "fair",
    "vip",
  ]);
  const sources = (await tenant.api.get("/api/crm/sources")).as(pageSchema(sourceEntrySchema));
  expect(sources.data.map(({ name }) => name)).toEqual(["fair booth", "website"]);
});

test("parallel leads with one new tag put it on the list once", async () => {
  const made = Array.from({ length: 8 }, (_, n) => newLead(tenant, { firstName: `P${n}`, tags: ["storm"] }));
  await Promise.all(made);
  expect(await names("q=storm")).toEqual(["storm"]);
});

test("a tag may be added before any lead has it, coloured, and taken off the list while leads keep it", async () => {
  const added = await tenant.api.post("/api/crm/tags", { name: "later", color: "#112233" });
  const tag = added.as(tagEntrySchema);
  expect([added.status, added.headers.etag, tag.color]).toEqual([201, '"1"', "#112233"]);
  const twin = await tenant.api.post("/api/crm/tags", { name: "later" });
  expect(twin.json()).toMatchObject({ status: 409, code: "duplicate", tagId: tag.id });
  const path = `/api/crm/tags/${tag.id}`;
  expect((await tenant.api.patch(path, { color: null }, { "if-match": '"9"' })).status).toBe(412);
  expect((await tenant.api.patch(path, { color: null })).as(tagEntrySchema)).toMatchObject({ version: 2 });
  expect((await tenant.api.delete(`/api/crm/sources/${tag.id}`)).status).toBe(404);
  const lead = await newLead(tenant, { firstName: "Kept", tags: ["later"] });
  expect((await tenant.api.delete(path)).status).toBe(204);
  expect(await names("q=later")).toEqual([]);
  expect((await tenant.api.get(`/api/crm/leads/${lead.id}`)).as(leadSchema).tags).toEqual(["later"]);
});

test("leads from before the lists fill them once", async () => {
  await newLead(tenant, { firstName: "Old", tags: ["old tag"], source: "old source" });
  await tenant.models.Vocabulary.deleteMany({});
  const connection = await tenantConnection(tenant.ctx.clientCode);
  for (const _round of [1, 2]) for (const step of vocabularyMigration.steps) await step.run(connection);
  expect(await names("q=old")).toEqual(["old tag"]);
  expect(await tenant.models.Vocabulary.countDocuments({ kind: "source", name: "old source" })).toBe(1);
});

test("deleted leads are listed until they are restored, the latest first; merged ones are not", async () => {
  const [one, two, base, merged] = await Promise.all(
    ["One", "Two", "Base", "Merged"].map((firstName) => newLead(tenant, { firstName })),
  );
  await tenant.api.post(`/api/crm/leads/${base?.id}/merge`, { duplicateId: merged?.id });
  for (const lead of [one, two]) await tenant.api.delete(`/api/crm/leads/${lead?.id}`);
  const deleted = async (query = "") =>
    (await tenant.api.get(`/api/crm/leads/deleted?${query}`)).as(pageSchema(deletedLeadSchema));
  expect((await deleted()).data.map(({ id }) => id)).toEqual([two?.id, one?.id]);
  const page = await deleted("limit=1");
  expect((await deleted(`limit=1&cursor=${page.nextCursor}`)).data[0]?.id).toBe(one?.id);
  await tenant.api.post(`/api/crm/leads/${two?.id}/restore`);
  expect((await deleted()).data.map(({ id }) => id)).toEqual([one?.id]);
  const plan = await tenant.models.Lead.find({
    mergedInto: null,
    deletedAt: trusted({ $gt: new Date(0) }),
  })
    .sort({ deletedAt: -1, _id: -1 })
    .explain();
  expect(JSON.stringify(plan)).toContain('"indexName":"deleted"');
});
