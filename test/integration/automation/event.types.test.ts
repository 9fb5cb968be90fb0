/** Kinds of events that a tenant declares: what their data must hold, and who becomes a lead by them. */

import { eventTypeSchema } from "../../../src/contracts/event.type.contract";
import { externalEventResultSchema } from "../../../src/contracts/external.event.contract";
import { closeAllConnections } from "../../../src/lib/tenant/tenant.registry";
import { routes } from "../../../src/routes";
import { dispatchEvents } from "../../../src/services/saas/automation/dispatch.events";
import { ApiClient, keysOf, lambdaTransport } from "../../builders/api.client";
import { createTenant } from "../../builders/client.builder";

let tenant: Awaited<ReturnType<typeof createTenant>>;
let api: ApiClient;
const path = "/api/crm/event-types/order_paid";
const declaration = {
  name: "Order paid",
  fields: [
    { key: "amount", type: "number", required: true },
    { key: "how", type: "choice", options: ["card", "cash"] },
    { key: "paidAt", type: "time" },
  ],
  createsLead: true,
};
const tell = (id: string, subject: object, data: object, type = "order_paid") =>
  api.post("/api/crm/automations/events", { id, type, subject, data });

beforeAll(async () => {
  tenant = await createTenant("events");
  api = new ApiClient(lambdaTransport(routes, { dispatch: dispatchEvents }), keysOf(tenant));
});
afterAll(closeAllConnections);

test("a declaration replaces the one before, and saying the same again changes nothing", async () => {
  expect((await api.put(path, { ...declaration, name: "Paid" })).as(eventTypeSchema).version).toBe(1);
  const second = await api.put(path, declaration);
  expect(second.as(eventTypeSchema)).toMatchObject({ key: "order_paid", name: "Order paid", version: 2 });
  expect((await api.put(path, declaration)).as(eventTypeSchema).version).toBe(2);
  expect((await api.put(path, declaration, { "if-match": '"1"' })).status).toBe(412);
  expect((await api.put("/api/crm/event-types/appointment_held", declaration)).problem()).toMatchObject({
    status: 422,
    code: "invalid-state",
  });
});

test("a new type is declared once, and a change leaves what it does not name", async () => {
  const made = await api.post("/api/crm/event-types", {
    key: "cart_left",
    name: "Cart left",
    createsLead: true,
  });
  expect([made.status, made.as(eventTypeSchema).version]).toEqual([201, 1]);
  const again = await api.post("/api/crm/event-types", { key: "cart_left", name: "Another" });
  expect(again.problem()).toMatchObject({ status: 409, code: "duplicate", existing: { key: "cart_left" } });
  const at = "/api/crm/event-types/cart_left";
  const changed = await api.patch(at, { fields: [{ key: "total", type: "number" }] }, { "if-match": '"1"' });
  expect(changed.as(eventTypeSchema)).toMatchObject({
    name: "Cart left",
    createsLead: true,
    version: 2,
    fields: [{ key: "total", type: "number", required: false, options: null }],
  });
  expect((await api.patch(at, { name: "Left" }, { "if-match": '"1"' })).status).toBe(412);
  expect((await api.patch("/api/crm/event-types/nobody", { name: "Left" })).status).toBe(404);
});

test("data that is not as declared is refused by pointer, an undeclared type takes any", async () => {
  const subject = { phone: "+447700900777" };
  const wrong = await tell("w1", subject, { amount: "5", how: "cheque", colour: "red" });
  expect(wrong.problem()).toMatchObject({ status: 400, code: "validation-failed" });
  expect(
    wrong
      .problem()
      .errors?.map(({ pointer }) => pointer)
      .sort(),
  ).toEqual(["/data/amount", "/data/colour", "/data/how"]);
  expect((await tell("w2", subject, {})).problem().errors).toMatchObject([{ pointer: "/data/amount" }]);
  expect((await tell("w3", subject, { any: 1 }, "something_else")).problem().code).toBe("invalid-reference");
  expect(await tenant.models.Lead.countDocuments({})).toBe(0);
});

test("an unknown subject becomes one lead, however often and however parallel the event is told", async () => {
  const subject = { phone: "+447700900778" };
  const answers = await Promise.all(
    Array.from({ length: 6 }, () => tell("paid-1", subject, { amount: 5, how: "card" })),
  );
  const results = answers.map((answer) => answer.as(externalEventResultSchema));
  expect(new Set(results.map(({ leadId }) => leadId)).size).toBe(1);
  expect(results.filter(({ duplicate }) => !duplicate)).toHaveLength(1);
  expect(await tenant.models.Lead.find({}).lean()).toMatchObject([{ source: "event:order_paid" }]);
  expect(await tenant.models.Outbox.countDocuments({ type: "external_event" })).toBe(1);
  const byId = { externalId: { system: "shop", id: "C-77" } };
  const first = (await tell("paid-2", byId, { amount: 1 })).as(externalEventResultSchema);
  const second = (await tell("paid-3", byId, { amount: 2 })).as(externalEventResultSchema);
  expect(second.leadId).toBe(first.leadId);
});

test("a deleted type's events are taken with any data, for leads that exist", async () => {
  expect((await api.delete(path)).status).toBe(204);
  expect((await api.get(path)).status).toBe(404);
  expect((await tell("later", { phone: "+447700900778" }, { whatever: true })).status).toBe(202);
});
