/** Every kind of message that can be written, as Meta gets it; what Meta would refuse never reaches it. */

import { once } from "node:events";
import { createServer, type Server } from "node:http";
import { Types } from "mongoose";
import { messageSchema } from "../../../src/contracts/message.contract";
import { getCentralModels } from "../../../src/lib/db/get.central.models";
import { adoptEnvironment } from "../../../src/lib/env/env";
import type { MessageRecord } from "../../../src/model/saas/message.schema";
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
let files: Server;
let filesUrl: string;
let leadId: string;
let conversationId: string;
let inboundId: string;
const phone = "447700905001";

beforeAll(async () => {
  const photo = await phonePhoto();
  files = createServer((request, response) => {
    if (request.url === "/photo.jpg") response.writeHead(200, { "content-type": "image/jpeg" }).end(photo);
    else if (request.url === "/moved") response.writeHead(302, { location: "/photo.jpg" }).end();
    else if (request.url === "/inside") response.writeHead(302, { location: "http://10.0.0.1/x" }).end();
    else if (request.url === "/page.jpg")
      response.writeHead(200, { "content-type": "image/jpeg" }).end("<html>");
    else response.writeHead(404).end();
  });
  files.listen(0, "127.0.0.1");
  await once(files, "listening");
  const address = files.address();
  const host = `127.0.0.1:${typeof address === "object" && address ? address.port : 0}`;
  filesUrl = `http://${host}`;
  adoptEnvironment({ LOCAL_ALLOWED_HOSTS: host });
  stack = await startWhatsApp([numberOf(1)]);
  tenant = await whatsappTenant(stack, numberOf(1));
  await stack.sim("/_sim/statuses", { steps: [] });
  await stack.sim("/_sim/inbound", {
    phoneNumberId: tenant.number.phoneNumberId,
    from: phone,
    name: "Ana",
    type: "text",
    text: "Hello",
  });
  await stack.drain();
  leadId = (await tenant.models.Lead.findOne({ waId: phone }).lean())?._id.toHexString() ?? "";
  const inbound = await tenant.models.Message.findOne({ direction: "inbound" }).lean();
  conversationId = inbound?.conversationId.toHexString() ?? "";
  inboundId = inbound?._id.toHexString() ?? "";
});
afterAll(async () => {
  files.closeAllConnections();
  files.close();
  await stack.close();
});

const post = (body: unknown) => tenant.api.post(`/api/crm/leads/${leadId}/messages`, body);

async function stored(id: string): Promise<MessageRecord> {
  const message = await tenant.models.Message.findById(new Types.ObjectId(id)).lean();
  if (!message) throw new Error("The message is gone.");
  return message;
}

/** Sends it, and gives what Meta got. */
async function sent(body: unknown): Promise<{ message: MessageRecord; toMeta: Record<string, unknown> }> {
  const answer = await post(body);
  expect([answer.status, answer.status === 202 ? null : answer.json()]).toEqual([202, null]);
  const { id } = answer.as(messageSchema);
  await drainThrough();
  const message = await stored(id);
  expect([message.status, message.error]).toEqual(["sent", null]);
  const {
    to: _to,
    biz_opaque_callback_data: ours,
    ...toMeta
  } = (await stack.sends(phone)).at(-1)?.body ?? {};
  expect(ours).toBe(id);
  return { message, toMeta };
}

/** Also what waits for media. */
async function drainThrough(): Promise<void> {
  const { Job } = await getCentralModels();
  for (let waiting = 1; waiting > 0; ) {
    await stack.drain();
    const later = { type: "whatsapp.send", state: "scheduled" as const };
    waiting = (await Job.updateMany(later, { $set: { runAt: new Date(0) } })).modifiedCount;
  }
}

describe("interactive messages", () => {
  test("reply buttons, also with a picture on top", async () => {
    const buttons = [
      { id: "yes", title: "Yes" },
      { id: "no", title: "No" },
    ];
    const plain = await sent({
      kind: "interactive",
      interactive: { type: "buttons", body: "Is 9:00 fine?", footer: "Acme", buttons },
    });
    expect(plain.toMeta).toMatchObject({
      type: "interactive",
      interactive: {
        type: "button",
        body: { text: "Is 9:00 fine?" },
        footer: { text: "Acme" },
        action: { buttons: buttons.map((reply) => ({ type: "reply", reply })) },
      },
    });
    expect(plain.message).toMatchObject({ kind: "interactive", text: "Is 9:00 fine?" });
    const { _id } = await upload(tenant.ctx, await phonePhoto(), "image/jpeg");
    await stack.drain();
    const header = { type: "image", mediaId: _id.toHexString() };
    const topped = await sent({
      kind: "interactive",
      interactive: { type: "buttons", header, body: "This one?", buttons },
    });
    expect(topped.toMeta).toMatchObject({
      interactive: { header: { type: "image", image: { id: expect.stringMatching(/^\d+$/) } } },
    });
    const wrong = { ...header, type: "document" };
    const refused = await post({
      kind: "interactive",
      interactive: { type: "buttons", header: wrong, body: "x", buttons },
    });
    expect(refused.problem()).toMatchObject({ status: 422, code: "media-unsupported" });
  });

  test("a list, a link button, a flow and a request for the place", async () => {
    const rows = [{ id: "r1", title: "9:00", description: "With Dr Silva" }];
    const list = await sent({
      kind: "interactive",
      interactive: {
        type: "list",
        header: { type: "text", text: "Times" },
        body: "When?",
        button: "Choose",
        sections: [{ title: "Morning", rows }],
      },
    });
    expect(list.toMeta).toMatchObject({
      interactive: {
        type: "list",
        header: { type: "text", text: "Times" },
        action: { button: "Choose", sections: [{ title: "Morning", rows }] },
      },
    });
    const link = await sent({
      kind: "interactive",
      interactive: {
        type: "cta_url",
        body: "On its way",
        button: { title: "Track", url: "https://acme.example/t" },
      },
    });
    expect(link.toMeta).toMatchObject({
      interactive: {
        type: "cta_url",
        action: { name: "cta_url", parameters: { display_text: "Track", url: "https://acme.example/t" } },
      },
    });
    const data = { "plan.name": "gold", $price: 3 };
    const flow = await sent({
      kind: "interactive",
      interactive: {
        type: "flow",
        body: "Book a time",
        flow: { id: "123", button: "Book", token: "t-1", screen: "WELCOME", data },
      },
    });
    expect(flow.toMeta).toMatchObject({
      interactive: {
        action: {
          name: "flow",
          parameters: {
            flow_message_version: "3",
            flow_id: "123",
            flow_cta: "Book",
            flow_token: "t-1",
            flow_action: "navigate",
            flow_action_payload: { screen: "WELCOME", data },
          },
        },
      },
    });
    const place = await sent({
      kind: "interactive",
      interactive: { type: "location_request", body: "Where are you?" },
    });
    expect(place.toMeta).toMatchObject({
      interactive: { type: "location_request_message", action: { name: "send_location" } },
    });
  });
});

test("a place, and address cards", async () => {
  const location = { latitude: -23.5, longitude: -46.6, name: "Our shop", address: "1 High Street" };
  expect(await sent({ kind: "location", location })).toMatchObject({
    toMeta: { type: "location", location },
    message: { text: "Our shop" },
  });
  const card = {
    name: { formattedName: "Ana Silva", firstName: "Ana" },
    phones: [{ phone: "+447700900123", waId: "447700900123", type: "WORK" }],
    addresses: [{ city: "London", countryCode: "GB" }],
    birthday: "1990-05-17",
  };
  expect(await sent({ kind: "contacts", contacts: [card] })).toMatchObject({
    toMeta: {
      type: "contacts",
      contacts: [
        {
          name: { formatted_name: "Ana Silva", first_name: "Ana" },
          phones: [{ phone: "+447700900123", wa_id: "447700900123", type: "WORK" }],
          addresses: [{ city: "London", country_code: "GB" }],
          birthday: "1990-05-17",
        },
      ],
    },
    message: { text: "Ana Silva" },
  });
});

test("a reaction shows on its message and is taken back; one that fails does not stay", async () => {
  const reactions = async () => (await stored(inboundId)).reactions.map(({ from, emoji }) => [from, emoji]);
  const before = await tenant.models.Conversation.findById(new Types.ObjectId(conversationId)).lean();
  const thumb = await sent({ kind: "reaction", reaction: { messageId: inboundId, emoji: "👍🏽" } });
  const target = (await stored(inboundId)).provider.messageId;
  expect(thumb.toMeta).toEqual({
    messaging_product: "whatsapp",
    recipient_type: "individual",
    type: "reaction",
    reaction: { message_id: target, emoji: "👍🏽" },
  });
  expect(await reactions()).toEqual([["business", "👍🏽"]]);
  const undone = await tenant.api.post(`/api/crm/messages/${inboundId}/reactions`, { emoji: "" });
  expect([undone.status, undone.as(messageSchema).kind]).toEqual([202, "reaction"]);
  await stack.drain();
  expect(await reactions()).toEqual([]);
  await stack.sim("/_sim/faults", {
    match: { method: "POST", path: "messages$" },
    status: 400,
    code: 131009,
    times: 1,
  });
  const failing = (await post({ kind: "reaction", reaction: { messageId: inboundId, emoji: "🎉" } })).as(
    messageSchema,
  );
  expect(await reactions()).toEqual([["business", "🎉"]]);
  await stack.drain();
  expect((await stored(failing.id)).status).toBe("failed");
  expect(await reactions()).toEqual([]);
  // it is no line of the inbox
  const after = await tenant.models.Conversation.findById(new Types.ObjectId(conversationId)).lean();
  expect(after?.lastMessage).toEqual(before?.lastMessage);
  const unknown = await post({ kind: "reaction", reaction: { messageId: failing.id, emoji: "👍" } });
  expect(unknown.problem()).toMatchObject({ status: 422, code: "invalid-state" });
});

test("other kinds than texts quote a message too", async () => {
  const { toMeta } = await sent({
    kind: "location",
    location: { latitude: 1, longitude: 2 },
    replyToId: inboundId,
  });
  expect(toMeta.context).toEqual({ message_id: (await stored(inboundId)).provider.messageId });
});

describe("media by link", () => {
  test("is fetched, converted and sent from our own storage, also after a redirect", async () => {
    for (const path of ["/photo.jpg", "/moved"]) {
      const { toMeta, message } = await sent({
        kind: "media_link",
        type: "image",
        link: `${filesUrl}${path}`,
        caption: "Our offer",
      });
      expect(toMeta).toMatchObject({
        type: "image",
        image: { id: expect.stringMatching(/^\d+$/), caption: "Our offer" },
      });
      const asset = await tenant.models.MediaAsset.findById(message.mediaIds[0]).lean();
      expect(asset).toMatchObject({ origin: "link", state: "ready", kind: "image" });
    }
  });

  test("that leads to our own network, to nothing or to something else is refused or fails with the reason", async () => {
    for (const link of [
      "http://acme.example/a.jpg",
      "https://127.0.0.1/a.jpg",
      "https://2130706433/a.jpg",
      "https://0x7f.1/a.jpg",
      "https://[::ffff:10.0.0.1]/a.jpg",
      "https://[fd00::1]/a.jpg",
      "https://169.254.169.254/latest/meta-data",
      "https://user:secret@acme.example/a.jpg",
      "https://localhost/a.jpg",
      "http://2130706433/",
      "http://[::ffff:10.0.0.1]",
      "file:///etc/passwd",
      "gopher://127.0.0.1:6379/x",
    ]) {
      const refused = await post({ kind: "media_link", type: "image", link });
      expect([link, refused.status, refused.problem().code]).toEqual([link, 422, "url-not-allowed"]);
    }
    for (const [path, why] of [
      ["/inside", "not fetched"],
      ["/gone.jpg", "HTTP 404"],
      ["/page.jpg", "another type"],
    ]) {
      const answer = await post({ kind: "media_link", type: "image", link: `${filesUrl}${path}` });
      await drainThrough();
      const message = await stored(answer.as(messageSchema).id);
      expect(message).toMatchObject({
        status: "failed",
        error: { explanation: expect.stringContaining(why ?? "") },
      });
    }
  });
});

describe("what Meta would refuse is refused before, with a pointer", () => {
  const button = (n: number) => ({ id: `b${n}`, title: `B${n}` });
  const row = (n: number) => ({ id: `r${n}`, title: `R${n}` });
  const interactive = (fields: object) => ({ kind: "interactive", interactive: { body: "x", ...fields } });
  test.each([
    ["text of 4,097 characters", { kind: "text", text: "😀".repeat(4_097) }, "/text"],
    [
      "four buttons",
      interactive({ type: "buttons", buttons: [1, 2, 3, 4].map(button) }),
      "/interactive/buttons",
    ],
    [
      "two buttons of one title",
      interactive({ type: "buttons", buttons: [button(1), { id: "z", title: "B1" }] }),
      "/interactive/buttons",
    ],
    [
      "a button title of 21",
      interactive({ type: "buttons", buttons: [{ id: "a", title: "x".repeat(21) }] }),
      "/interactive/buttons/0/title",
    ],
    [
      "eleven rows",
      interactive({
        type: "list",
        button: "Go",
        sections: [
          { title: "A", rows: [1, 2, 3, 4, 5, 6].map(row) },
          { title: "B", rows: [7, 8, 9, 10, 11].map(row) },
        ],
      }),
      "/interactive/sections",
    ],
    [
      "sections without titles",
      interactive({ type: "list", button: "Go", sections: [{ rows: [row(1)] }, { rows: [row(2)] }] }),
      "/interactive/sections",
    ],
    [
      "a script as a link",
      interactive({ type: "cta_url", button: { title: "x", url: "javascript:alert(1)" } }),
      "/interactive/button/url",
    ],
    ["a flow without an id", interactive({ type: "flow", flow: { button: "x" } }), "/interactive/flow/id"],
    [
      "a place off the globe",
      { kind: "location", location: { latitude: 91, longitude: 0 } },
      "/location/latitude",
    ],
    [
      "a card with one name",
      { kind: "contacts", contacts: [{ name: { formattedName: "Ana" } }] },
      "/contacts/0/name/firstName",
    ],
    [
      "a reaction of two",
      { kind: "reaction", reaction: { messageId: "66f0c0ffee66f0c0ffee66f0", emoji: "👍👍" } },
      "/reaction/emoji",
    ],
    [
      "a word as a reaction",
      { kind: "reaction", reaction: { messageId: "66f0c0ffee66f0c0ffee66f0", emoji: "ok" } },
      "/reaction/emoji",
    ],
    ["an unknown kind", { kind: "poll" }, "/kind"],
  ])("%s", async (_name, body, pointer) => {
    const count = (await stack.sends(phone)).length;
    const problem = (await post(body)).problem();
    expect(problem).toMatchObject({ status: 400, code: "validation-failed" });
    expect(problem.errors?.map((error) => error.pointer)).toContain(pointer);
    expect(await stack.sends(phone)).toHaveLength(count);
  });
});

describe("what the customer sees beside messages", () => {
  const receipts = async () =>
    (await stack.sends()).filter(({ body }) => body.status === "read").map(({ body }) => body);

  test("blue ticks only when asked for, and typing", async () => {
    const path = `/api/crm/conversations/${conversationId}`;
    await tenant.api.post(`${path}/read`);
    await stack.drain();
    expect(await receipts()).toEqual([]);
    expect((await tenant.api.post(`${path}/read`, { sendReceipt: true })).status).toBe(200);
    await stack.drain();
    const message_id = (await stored(inboundId)).provider.messageId;
    const receipt = { messaging_product: "whatsapp", status: "read", message_id };
    expect(await receipts()).toEqual([receipt]);
    expect((await tenant.api.post(`${path}/typing`)).status).toBe(204);
    expect((await receipts()).at(-1)).toEqual({ ...receipt, typing_indicator: { type: "text" } });
    await stack.sim("/_sim/faults", { match: { path: "messages$" }, status: 500, body: "oops", times: 1 });
    expect((await tenant.api.post(`${path}/typing`)).problem().code).toBe("service-unavailable");
    expect((await tenant.api.post("/api/crm/conversations/66f0c0ffee66f0c0ffee66f0/typing")).status).toBe(
      404,
    );
  });
});
