/** Templates made, changed and deleted through us at Meta; previewed for a real lead; filled or refused. */
import { messageSchema } from "../../../src/contracts/message.contract";
import {
  type Template,
  templatePreviewSchema,
  templateSchema,
} from "../../../src/contracts/template.contract";
import { cronCatalog } from "../../../src/jobs/cron.catalog";
import { getCentralModels } from "../../../src/lib/db/get.central.models";
import { phonePhoto } from "../../builders/media.builder";
import { upload } from "../media/media.tenant";
import {
  numberOf,
  startWhatsApp,
  type WhatsAppStack,
  type WhatsAppTenant,
  whatsappTenant,
} from "./whatsapp.stack";

let stack: WhatsAppStack;
let tenant: WhatsAppTenant;
let other: WhatsAppTenant;
let leadId: string;
const phone = "+447700906001";

beforeAll(async () => {
  stack = await startWhatsApp();
  tenant = await whatsappTenant(stack, numberOf(1));
  other = await whatsappTenant(stack, numberOf(2));
  await stack.sim("/_sim/statuses", { steps: [] });
  await stack.sim("/_sim/settings", { review: { decision: "MANUAL", afterMs: 0 } });
  const lead = await tenant.api.post("/api/crm/leads", { firstName: "Ana", phone });
  leadId = Object(lead.json()).id;
});
beforeEach(async () => {
  await fetch(`${stack.graph.url}/_sim/faults`, { method: "DELETE" });
});
afterAll(() => stack.close());

const body = (text: string, names: Record<string, string>) => ({
  type: "BODY",
  text,
  example: {
    body_text_named_params: Object.entries(names).map(([param_name, example]) => ({ param_name, example })),
  },
});
const definition = (name: string, fields: object = {}) => ({
  name,
  language: "en_US",
  category: "UTILITY",
  parameterFormat: "NAMED",
  components: [body("Hi {{first_name}}, your order is ready.", { first_name: "Ana" })],
  ...fields,
});

async function create(fields: object): Promise<Template> {
  const answer = await tenant.api.post("/api/crm/templates", fields);
  expect([answer.status, answer.status === 201 ? null : answer.json()]).toEqual([201, null]);
  return answer.as(templateSchema);
}

async function approve(name: string): Promise<void> {
  await stack.sim("/_sim/templates", { wabaId: tenant.number.wabaId, name, status: "APPROVED" });
  await sync();
}

async function sync(): Promise<void> {
  await dueNow();
  await tenant.api.post("/api/crm/templates/sync");
  await stack.drain();
  await dueNow();
  await stack.drain();
}

async function dueNow(): Promise<void> {
  const { Job } = await getCentralModels();
  await Job.updateMany({ type: "templates.sync", state: "scheduled" }, { $set: { runAt: new Date(0) } });
}

const send = (template: object) =>
  tenant.api.post(`/api/crm/leads/${leadId}/messages`, { kind: "template", template });

test("a template is created, reviewed, previewed for a lead, sent, edited once a day and deleted", async () => {
  const created = await create(definition("order_ready"));
  expect(created).toMatchObject({
    status: "PENDING",
    sendable: false,
    variables: [{ key: "first_name", type: "text", required: true, example: "Ana" }],
  });
  expect((await send({ name: "order_ready", variables: {} })).problem().code).toBe("template-not-sendable");
  const path = `/api/crm/templates/${created.id}`;
  expect((await tenant.api.patch(path, { category: "MARKETING" })).problem().code).toBe("invalid-state");
  await approve("order_ready");
  expect((await tenant.api.get(path)).as(templateSchema)).toMatchObject({
    status: "APPROVED",
    sendable: true,
  });

  const expression = '{{lead.firstName | default: "there"}}';
  const preview = await tenant.api.post(`${path}/preview`, { leadId, variables: { first_name: expression } });
  expect(preview.as(templatePreviewSchema)).toMatchObject({
    body: "Hi Ana, your order is ready.",
    variables: { first_name: "Ana" },
    missing: [],
    invalid: [],
  });
  const hole = await tenant.api.post(`${path}/preview`, {
    leadId,
    variables: { first_name: "{{lead.nobody}}" },
  });
  expect(hole.as(templatePreviewSchema).missing).toEqual(["first_name"]);
  const nobody = { leadId: "66f0c0ffee66f0c0ffee66f0", variables: {} };
  expect((await tenant.api.post(`${path}/preview`, nobody)).problem().code).toBe("invalid-reference");

  const refused = (await send({ name: "order_ready" })).problem();
  expect(refused).toMatchObject({
    status: 422,
    code: "missing-variable",
    detail: expect.stringContaining("first_name"),
    errors: [{ pointer: "/template/variables/first_name" }],
  });
  const long = (await send({ name: "order_ready", variables: { first_name: "x".repeat(1_020) } })).problem();
  expect(long).toMatchObject({ status: 422, code: "invalid-variable" });
  expect(await stack.sends(phone.slice(1))).toEqual([]);
  const sent = await send({ name: "order_ready", variables: { first_name: "Ana" } });
  await stack.drain();
  expect(
    (await tenant.api.get(`/api/crm/messages/${sent.as(messageSchema).id}`)).as(messageSchema),
  ).toMatchObject({
    status: "sent",
    text: "Hi Ana, your order is ready.",
  });

  const components = [body("Hello {{first_name}}, it is ready.", { first_name: "Ana" })];
  const edited = await tenant.api.patch(path, { components });
  expect(edited.as(templateSchema)).toMatchObject({ status: "PENDING", components });
  await approve("order_ready");
  const again = await tenant.api.patch(path, { components });
  expect(again.problem()).toMatchObject({
    code: "invalid-state",
    detail: expect.stringContaining("24 hours"),
  });

  expect((await tenant.api.delete(path)).status).toBe(204);
  expect((await tenant.api.delete(path)).status).toBe(204);
  expect((await send({ name: "order_ready", variables: { first_name: "A" } })).problem().code).toBe(
    "template-not-sendable",
  );
});

test("another tenant neither edits, previews nor deletes it", async () => {
  const { id } = await create(definition("mine"));
  const path = `/api/crm/templates/${id}`;
  expect((await other.api.patch(path, { category: "MARKETING" })).status).toBe(404);
  expect((await other.api.delete(path)).status).toBe(404);
  expect((await other.api.post(`${path}/preview`, {})).status).toBe(404);
});

describe("what Meta says comes with its code, and nothing is stored", () => {
  test("a second one of the name and language, a limit, a lost access, no answer", async () => {
    await create(definition("taken"));
    expect((await tenant.api.post("/api/crm/templates", definition("taken"))).problem()).toMatchObject({
      status: 409,
      code: "duplicate",
    });
    const fault = (fields: object) =>
      stack.sim("/_sim/faults", {
        match: { method: "POST", path: "message_templates$" },
        times: 1,
        ...fields,
      });
    const refusal = async () =>
      (await tenant.api.post("/api/crm/templates", definition("refused"))).problem();
    await fault({ status: 400, code: 80_007 });
    expect(await refusal()).toMatchObject({ status: 429, code: "rate-limited", metaCode: 80_007 });
    await fault({ status: 400, code: 132_007 });
    expect(await refusal()).toMatchObject({ status: 422, code: "refused-by-meta", metaCode: 132_007 });
    await fault({ status: 502, body: "oops" });
    expect(await refusal()).toMatchObject({ status: 503, code: "service-unavailable" });
    expect(await tenant.models.Template.countDocuments({ name: "refused" })).toBe(0);
  });
});

test.each([
  ["no body", [{ type: "FOOTER", text: "x" }], "/components"],
  ["a variable at the end", [body("Hi {{first_name}}", { first_name: "A" })], "/components/0/text"],
  ["a variable with a capital", [body("Hi {{First}} there", { First: "A" })], "/components/0/text"],
  ["no example", [{ type: "BODY", text: "Hi {{a}} there" }], "/components/0/example"],
  [
    "two headers",
    [
      { type: "HEADER", format: "TEXT", text: "a" },
      { type: "HEADER", format: "TEXT", text: "b" },
      { type: "BODY", text: "c" },
    ],
    "/components/1/type",
  ],
  [
    "a long footer",
    [
      { type: "BODY", text: "x" },
      { type: "FOOTER", text: "y".repeat(61) },
    ],
    "/components/1/text",
  ],
  [
    "split quick replies",
    [
      { type: "BODY", text: "x" },
      {
        type: "BUTTONS",
        buttons: [
          { type: "QUICK_REPLY", text: "a" },
          { type: "URL", text: "b", url: "https://acme.example" },
          { type: "QUICK_REPLY", text: "c" },
        ],
      },
    ],
    "/components/1/buttons",
  ],
  [
    "one card",
    [
      { type: "BODY", text: "x" },
      { type: "CAROUSEL", cards: [{ components: [{ type: "BODY", text: "y" }] }] },
    ],
    "/components/1/cards",
  ],
])("a template with %s is refused before Meta sees it", async (_name, components, pointer) => {
  const answer = await tenant.api.post("/api/crm/templates", definition("never", { components }));
  expect(answer.problem()).toMatchObject({ status: 400, code: "validation-failed" });
  expect(answer.problem().errors?.map((error) => error.pointer)).toContain(pointer);
});

test("a carousel goes out with its pictures, an offer with its end, a place with its map", async () => {
  const handle = { header_handle: ["4::aW"] };
  const card = {
    components: [
      { type: "HEADER", format: "IMAGE", example: handle },
      { type: "BODY", text: "A fine plant." },
      {
        type: "BUTTONS",
        buttons: [{ type: "URL", text: "Shop", url: "https://acme.example/{{1}}", example: ["blue"] }],
      },
    ],
  };
  const plain = { parameterFormat: "POSITIONAL", category: "MARKETING" };
  const text = { type: "BODY", text: "Look at these plants." };
  await create(
    definition("cards", { ...plain, components: [text, { type: "CAROUSEL", cards: [card, card] }] }),
  );
  const offer = {
    type: "LIMITED_TIME_OFFER",
    limited_time_offer: { text: "Ends soon", has_expiration: true },
  };
  const buttons = [{ type: "COPY_CODE", example: "SAVE10" }];
  await create(definition("offer", { ...plain, components: [offer, text, { type: "BUTTONS", buttons }] }));
  await create(definition("place", { ...plain, components: [{ type: "HEADER", format: "LOCATION" }, text] }));
  for (const name of ["cards", "offer", "place"]) await approve(name);
  const { _id } = await upload(tenant.ctx, await phonePhoto(), "image/jpeg");
  await stack.drain();
  const image = _id.toHexString();
  const variables = {
    cards: { card_0_header: image, card_0_button_0: "blue", card_1_header: image, card_1_button_0: "red" },
    offer: { offer_expires_at: new Date(Date.now() + 86_400_000).toISOString(), button_0: "SAVE10" },
    place: {
      header_latitude: "-23.5",
      header_longitude: "-46.6",
      header_name: "Shop",
      header_address: "1 St",
    },
  };
  for (const [name, values] of Object.entries(variables)) {
    const answer = await send({ name, variables: values });
    expect([name, answer.status, answer.status === 202 ? null : answer.json()]).toEqual([name, 202, null]);
    await stack.drain();
    const message = (await tenant.api.get(`/api/crm/messages/${answer.as(messageSchema).id}`)).as(
      messageSchema,
    );
    expect([name, message.status, message.error]).toEqual([name, "sent", null]);
  }
  const past = await send({
    name: "offer",
    variables: { ...variables.offer, offer_expires_at: "2020-01-01T00:00:00Z" },
  });
  expect(past.problem()).toMatchObject({
    code: "invalid-variable",
    detail: expect.stringContaining("to come"),
  });
});

test("on a schedule every account is read once, however many numbers it has", async () => {
  const entry = cronCatalog.find(({ name }) => name === "refresh-templates");
  const clientCodes: string[] = [];
  for await (const page of entry?.jobs("test") ?? []) {
    clientCodes.push(...page.map(({ payload }) => payload.clientCode));
  }
  expect(clientCodes.toSorted()).toEqual([tenant.ctx.clientCode, other.ctx.clientCode].toSorted());
  const { refreshTemplates } = await import("../../../src/services/saas/whatsapp/template.service");
  expect(await refreshTemplates(tenant.ctx)).toBe(1);
  expect(await refreshTemplates(tenant.ctx)).toBe(1);
  const { Job } = await getCentralModels();
  const { clientCode } = tenant.ctx;
  const waiting = { clientCode, type: "templates.sync", state: "scheduled" as const };
  expect(await Job.countDocuments(waiting)).toBe(1);
});
