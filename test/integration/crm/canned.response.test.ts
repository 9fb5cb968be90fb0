import {
  cannedResponseSchema,
  renderedCannedResponseSchema,
} from "../../../src/contracts/canned.response.contract";
import { pageSchema } from "../../../src/contracts/common.contract";
import { closeAllConnections } from "../../../src/lib/tenant/tenant.registry";
import { type CrmTenant, crmTenant, newLead, takeEvents } from "./crm.tenant";

let tenant: CrmTenant;

beforeAll(async () => {
  tenant = await crmTenant();
});
afterAll(closeAllConnections);

const base = "/api/crm/canned-responses";
const make = (shortCode: string, text = "We open at 9.") =>
  tenant.api.post(base, { shortCode, title: "Hours", text });

test("a short code belongs to one text, also when two are made at once", async () => {
  const answers = await Promise.all([make("hours"), make("hours")]);
  expect(answers.map(({ status }) => status).sort((a, b) => a - b)).toEqual([201, 409]);
  const other = (await make("place")).as(cannedResponseSchema);
  expect((await tenant.api.patch(`${base}/${other.id}`, { shortCode: "hours" })).status).toBe(409);
  takeEvents(tenant);
  const changed = await tenant.api.patch(`${base}/${other.id}`, { text: "Rua 1" }, { "if-match": '"1"' });
  expect(changed.as(cannedResponseSchema)).toMatchObject({ version: 2, text: "Rua 1" });
  expect((await tenant.api.patch(`${base}/${other.id}`, { text: "x" }, { "if-match": '"1"' })).status).toBe(
    412,
  );
  expect((await tenant.api.delete(`${base}/${other.id}`)).status).toBe(204);
  expect(takeEvents(tenant)).toEqual(["canned_response_updated", "canned_response_updated"]);
});

test("people find them by how the short code begins", async () => {
  for (const code of ["pay_card", "pay_cash", "payment"]) expect((await make(code)).status).toBe(201);
  const { data } = (await tenant.api.get(`${base}?startsWith=pay_`)).as(pageSchema(cannedResponseSchema));
  expect(data.map(({ shortCode }) => shortCode)).toEqual(["pay_card", "pay_cash"]);
});

test("a lead's values are put in, and a hole is refused rather than shown", async () => {
  const { id } = (await make("hello", 'Hi {{lead.firstName | default: "there"}} of {{lead.company}}')).as(
    cannedResponseSchema,
  );
  const ana = await newLead(tenant, { firstName: "Ana", company: "Sol" });
  const rendered = await tenant.api.post(`${base}/${id}/render`, { leadId: ana.id });
  expect(rendered.as(renderedCannedResponseSchema).text).toBe("Hi Ana of Sol");
  const none = await tenant.api.post(`${base}/${id}/render`, { leadId: "0".repeat(24) });
  expect(none.problem()).toMatchObject({ status: 422, errors: [{ pointer: "/leadId" }] });
});
