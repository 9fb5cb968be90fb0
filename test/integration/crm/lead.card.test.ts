/** What a lead carries beside its name, and how it is shown. */
import { pageSchema } from "../../../src/contracts/common.contract";
import { leadSchema } from "../../../src/contracts/lead.contract";
import { suspectsSchema } from "../../../src/contracts/lead.duplicate.contract";
import { foundLeadSchema } from "../../../src/contracts/lead.search.contract";
import { migrateCentral } from "../../../src/lib/db/central.migrations";
import { reindexLeads } from "../../../src/lib/search/reindex.leads";
import { leadSearchMigration } from "../../../src/lib/tenant/migrations/0002.lead.search";
import { closeAllConnections, tenantConnection } from "../../../src/lib/tenant/tenant.registry";
import { type CrmTenant, crmTenant, newLead, takeEvents } from "./crm.tenant";

const found = pageSchema(foundLeadSchema);
const suspects = pageSchema(suspectsSchema);
let tenant: CrmTenant;

beforeAll(async () => {
  await migrateCentral();
  tenant = await crmTenant();
});
afterAll(closeAllConnections);

const change = (id: string, patch: object) => tenant.api.patch(`/api/crm/leads/${id}`, patch);

test("a lead is given to a team that exists, and lists are asked for by team", async () => {
  const made = await tenant.api.post("/api/crm/teams", { key: "card_team", name: "Team" });
  const teamId = made.as(foundLeadSchema.pick({ id: true })).id;
  const lead = await newLead(tenant, { firstName: "Teamed", teamId });
  expect(lead.teamId).toBe(teamId);
  const listed = (await tenant.api.get(`/api/crm/leads?teamId=${teamId}`)).as(found);
  expect(listed.data.map(({ id }) => id)).toEqual([lead.id]);
  takeEvents(tenant);
  expect((await change(lead.id, { teamId })).as(leadSchema).version).toBe(1);
  expect((await change(lead.id, { teamId: null })).as(leadSchema).teamId).toBeNull();
  expect(takeEvents(tenant)).toEqual(["lead_updated"]);
  const refused = await change(lead.id, { teamId: lead.id });
  expect(refused.problem()).toMatchObject({ status: 422, code: "invalid-reference" });
  expect(refused.problem().errors).toMatchObject([{ pointer: "/teamId" }]);
});

test("the reason of do-not-contact goes with the mark, and consent to e-mail stands beside the others", async () => {
  const lead = await newLead(tenant, {
    firstName: "Quiet",
    doNotContact: true,
    doNotContactReason: "Asked by phone.",
    consent: { email: { optIn: false } },
  });
  expect(lead).toMatchObject({
    doNotContactReason: "Asked by phone.",
    consent: { whatsapp: null, marketing: null, email: { optIn: false, source: "api" } },
  });
  const freed = (await change(lead.id, { doNotContact: false, consent: { email: { optIn: true } } })).as(
    leadSchema,
  );
  expect(freed).toMatchObject({ doNotContactReason: null, consent: { email: { optIn: true } } });
});

test("texts are kept in one form of Unicode, so that equal ones are equal", async () => {
  const decomposed = "Ine\u0302s";
  const lead = await newLead(tenant, { firstName: decomposed, custom: { nickname: decomposed } });
  const composed = decomposed.normalize("NFC");
  expect(lead).toMatchObject({ firstName: composed, custom: { nickname: composed } });
});

test("lists and single leads show only the fields asked for, and the stage beside its id", async () => {
  const lead = await newLead(tenant, { firstName: "Zuleika", lastName: "Shown", phone: "+5511955550001" });
  const listed = (await tenant.api.get("/api/crm/leads?q=zulei&fields=displayName,phone&expand=stage")).as(
    found,
  );
  expect(listed.data).toEqual([
    {
      id: lead.id,
      version: 1,
      displayName: "Zuleika Shown",
      phone: "+5511955550001",
      stage: expect.objectContaining({ key: "new" }),
    },
  ]);
  const one = await tenant.api.get(`/api/crm/leads/${lead.id}?fields=status`);
  expect(one.as(foundLeadSchema)).toEqual({ id: lead.id, version: 1, status: "open" });
  expect(one.headers.etag).toBe('"1"');
  const refused = await tenant.api.get(`/api/crm/leads/${lead.id}?fields=status,secret`);
  expect(refused.problem()).toMatchObject({ status: 400, code: "validation-failed" });
});

test("all suspected duplicates come group by group, each once, a page at a time", async () => {
  const pairs: string[][] = [];
  for (const box of ["anna", "berta", "carla"]) {
    const one = await newLead(tenant, { email: `${box}@mail.example` });
    const two = await newLead(tenant, { email: `${box}+shop@mail.example` });
    pairs.push([one.id, two.id]);
  }
  const groups: string[][] = [];
  let cursor = "";
  for (let page = 0; page < 5; page += 1) {
    const answer = (await tenant.api.get(`/api/crm/leads/duplicates?limit=1${cursor}`)).as(suspects);
    groups.push(...answer.data.map(({ leads }) => leads.map(({ id }) => id)));
    if (!answer.nextCursor) break;
    cursor = `&cursor=${answer.nextCursor}`;
  }
  expect(groups).toEqual(pairs);
});

test("leads written before there was a search are found after the migration, and a run cut short goes on", async () => {
  const leads = [
    await newLead(tenant, { firstName: "Olderone", lastName: "Silva" }),
    await newLead(tenant, { firstName: "Oldertwo", lastName: "Silva" }),
  ];
  const connection = await tenantConnection(tenant.ctx.clientCode);
  await tenant.models.Lead.collection.updateMany({ lastName: "Silva" }, { $unset: { search: 1 } });
  const find = async () => (await tenant.api.get("/api/crm/leads?q=older&sort=createdAt")).as(found).data;
  expect(await find()).toEqual([]);
  const stopped = reindexLeads(connection, { onlyMissing: true, signal: AbortSignal.abort() });
  await expect(stopped).rejects.toThrow("aborted");
  for (const step of leadSearchMigration.steps) await step.run(connection);
  expect(await find()).toEqual(leads.map((lead) => expect.objectContaining({ id: lead.id, version: 1 })));
  expect(await reindexLeads(connection, { onlyMissing: true })).toEqual({ written: 0, missed: 0 });
});
