/** What people wrote and what keys open must not be in the log, whatever goes right or wrong, down to DEBUG. */
import { messageSchema } from "../../../src/contracts/message.contract";
import { adoptEnvironment, env } from "../../../src/lib/env/env";
import { routes } from "../../../src/routes";
import { ApiClient, lambdaTransport } from "../../builders/api.client";
import { numberOf, startWhatsApp, type WhatsAppStack, whatsappTenant } from "./whatsapp.stack";

const lines: string[] = [];
let stack: WhatsAppStack;

beforeAll(async () => {
  adoptEnvironment({ LOG_LEVEL: "DEBUG" });
  jest.spyOn(process.stdout, "write").mockImplementation((chunk) => lines.push(String(chunk)) > 0);
  jest.spyOn(process.stderr, "write").mockImplementation((chunk) => lines.push(String(chunk)) > 0);
  stack = await startWhatsApp([numberOf(1)]);
});
afterAll(async () => {
  jest.restoreAllMocks();
  await stack.close();
});

test("no key, address, number, name or text of the whole run is in the log", async () => {
  const phone = "447700905171";
  const texts = {
    name: "Zuleika Quintanilha",
    asked: "Where is my parcel 77?",
    answer: "It left Porto today",
  };
  const email = "zuleika@quintanilha.example";
  const tenant = await whatsappTenant(stack, numberOf(1));
  const api = new ApiClient(lambdaTransport(routes), tenant.keys);
  const { phoneNumberId } = tenant.number;
  const inbound = { phoneNumberId, from: phone, name: texts.name, type: "text", text: texts.asked };
  await stack.sim("/_sim/inbound", inbound);
  await stack.drain();
  const lead = await tenant.models.Lead.findOne({ waId: phone }).orFail().lean();
  const id = lead._id.toHexString();
  const send = (body: object) => api.post(`/api/crm/leads/${id}/messages`, body);

  // What goes right, what Meta refuses, what breaks off, what is refused here.
  const faults = [
    { status: 200, faultless: true },
    { status: 400, body: { error: { message: texts.answer, code: 100, error_data: { details: phone } } } },
    { status: 500, body: { error: { message: texts.answer, code: 1 } } },
    { reset: "after" },
  ];
  for (const { faultless, ...fault } of faults) {
    if (!faultless) await stack.sim("/_sim/faults", { match: { path: "/messages" }, times: 1, ...fault });
    const sent = await send({ kind: "text", text: texts.answer });
    expect(sent.as(messageSchema).status).toBe("queued");
    await stack.drain();
  }
  await send({ kind: "template", template: { name: texts.name, variables: { name: texts.name } } });
  await stack.deliver({ entry: [{ text: texts.asked, from: phone }] }, { secret: "wrong" });
  await stack.deliver({ object: "whatsapp_business_account", entry: [{ id: phone, changes: texts }] });
  await api.patch(`/api/crm/leads/${id}`, { email, company: texts.name });
  await api.post("/api/crm/leads", { firstName: texts.name, phone: `+${phone}` });
  await api.post("/api/crm/leads", { firstName: texts.name, phone: texts.asked, custom: { [email]: 1 } });
  await api.get(`/api/crm/leads?email=${email}&nothing=${phone}`);
  await api.post("/api/crm/leads/search", { query: texts.name });
  const file = `phone,name,email\n+${phone},${texts.name},${email}\n${texts.asked},${texts.name},\n`;
  await api.post("/api/crm/imports", { text: file, mode: "commit" });
  const wrong = { ...tenant.keys, "x-api-key": `${tenant.keys["x-api-key"]?.slice(0, -3)}abc` };
  expect((await new ApiClient(lambdaTransport(routes), wrong).get("/api/crm/leads")).status).toBe(401);
  await stack.drain();

  const log = lines.join("");
  // The log was looked at, and it says what happened.
  expect(log).toContain(`"operationId":"createLead","status":409`);
  const secrets = [
    ...Object.values(texts),
    email,
    phone,
    tenant.number.token,
    tenant.keys["x-api-key"] ?? "",
    wrong["x-api-key"],
    env().WHATSAPP_APP_SECRET,
    env().ECOD_MASTER_KEY,
    env().MONGODB_URI,
  ];
  const told = secrets.filter((secret) => log.includes(secret) || log.includes(encodeURIComponent(secret)));
  expect(told).toEqual([]);
});
