import { trusted } from "mongoose";
import { pageSchema } from "../../../src/contracts/common.contract";
import { customFieldSchema } from "../../../src/contracts/custom.field.contract";
import { leadSchema } from "../../../src/contracts/lead.contract";
import { getCentralModels } from "../../../src/lib/db/get.central.models";
import { closeAllConnections } from "../../../src/lib/tenant/tenant.registry";
import { type CrmTenant, crmTenant, newLead } from "./crm.tenant";

let tenant: CrmTenant;

beforeAll(async () => {
  tenant = await crmTenant();
});
afterAll(closeAllConnections);

const base = "/api/crm/custom-fields";
const good = {
  note_text: "x",
  size: 3,
  vip: true,
  birthday: "1990-02-28",
  plan: "gold",
  likes: ["tea"],
  free: "as before",
};

test("a field of every type can be made", async () => {
  for (const field of [
    { key: "note_text", name: "Text", type: "text" },
    { key: "size", name: "Size", type: "number" },
    { key: "vip", name: "VIP", type: "boolean" },
    { key: "birthday", name: "Birthday", type: "date" },
    { key: "plan", name: "Plan", type: "select", options: ["gold", "silver"] },
    { key: "likes", name: "Likes", type: "multi_select", options: ["tea", "coffee"] },
  ])
    expect((await tenant.api.post(base, field)).status).toBe(201);
});

test("values that fit their fields are stored, and keys without a field are free", async () => {
  expect((await newLead(tenant, { firstName: "A", custom: good })).custom).toEqual(good);
});

test("every value that does not fit is refused with its place, on create, change and upsert", async () => {
  const lead = await newLead(tenant);
  const bad = {
    note_text: 1,
    size: "3",
    vip: "yes",
    birthday: "1990-02-30",
    plan: "iron",
    likes: ["tea", "beer"],
  };
  const pointers = Object.keys(bad).map((key) => `/custom/${key}`);
  for (const answer of [
    await tenant.api.post("/api/crm/leads", { firstName: "B", custom: bad }),
    await tenant.api.patch(`/api/crm/leads/${lead.id}`, { custom: bad }),
    await tenant.api.put("/api/crm/leads/by-external/erp/1", { firstName: "C", custom: bad }),
  ]) {
    expect([answer.status, answer.problem().code]).toEqual([400, "validation-failed"]);
    expect(answer.problem().errors?.map(({ pointer }) => pointer)).toEqual(pointers);
  }
  const removed = await tenant.api.patch(`/api/crm/leads/${lead.id}`, { custom: { plan: null } });
  expect(removed.as(leadSchema).custom).toEqual({});
});

test("a key is taken once, options are for choices only, and a field's key and type never change", async () => {
  const twin = await tenant.api.post(base, { key: "size", name: "Again", type: "text" });
  expect([twin.status, twin.json()]).toEqual([409, expect.objectContaining({ code: "duplicate" })]);
  for (const field of [
    { key: "a", name: "A", type: "text", options: ["x"] },
    { key: "a", name: "A", type: "select" },
    { key: "a", name: "A", type: "select", options: ["x", "x"] },
    { key: "constructor", name: "A", type: "text" },
  ])
    expect((await tenant.api.post(base, field)).status).toBe(400);
  const { data } = (await tenant.api.get(base)).as(pageSchema(customFieldSchema));
  expect(data.map(({ key }) => key)).toEqual(["birthday", "likes", "note_text", "plan", "size", "vip"]);
  const plan = data.find(({ key }) => key === "plan");
  expect((await tenant.api.patch(`${base}/${plan?.id}`, { type: "text" })).status).toBe(400);
  const widened = await tenant.api.patch(
    `${base}/${plan?.id}`,
    { options: ["gold", "silver", "iron"] },
    { "if-match": '"1"' },
  );
  expect(widened.as(customFieldSchema)).toMatchObject({ version: 2, options: ["gold", "silver", "iron"] });
  expect((await tenant.api.patch(`${base}/${plan?.id}`, { name: "P" }, { "if-match": '"1"' })).status).toBe(
    412,
  );
  expect((await newLead(tenant, { firstName: "D", custom: { plan: "iron" } })).custom).toEqual({
    plan: "iron",
  });
  expect((await tenant.api.delete(`${base}/${plan?.id}`)).status).toBe(204);
  expect((await tenant.api.get(`${base}/${plan?.id}`)).status).toBe(404);
});

test("leads are made findable anew once for the same filterable fields, however often they are chosen", async () => {
  const { Job } = await getCentralModels();
  const { clientCode } = tenant.ctx;
  const waiting = () =>
    Job.countDocuments({ clientCode, type: "leads.reindex", state: trusted({ $ne: "done" }) });
  const { id } = (
    await tenant.api.post(base, { key: "shoe", name: "Shoe", type: "number", filterable: true })
  ).as(customFieldSchema);
  const before = await waiting();
  for (const filterable of [false, true, false, true])
    await tenant.api.patch(`${base}/${id}`, { filterable });
  expect(await waiting()).toBe(before + 1);
});
