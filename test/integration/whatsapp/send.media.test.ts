/** Media of ours on its way to Meta: uploaded once per number, then sent by Meta's id. */
import { Types } from "mongoose";
import { leadSchema } from "../../../src/contracts/lead.contract";
import { messageSchema } from "../../../src/contracts/message.contract";
import type { MessageRecord } from "../../../src/model/saas/message.schema";
import { madeByFfmpeg, phonePhoto, tone } from "../../builders/media.builder";
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
let leadId: string;
const phone = "447700904001";

beforeAll(async () => {
  stack = await startWhatsApp([numberOf(1)]);
  tenant = await whatsappTenant(stack, numberOf(1));
  await stack.sim("/_sim/inbound", {
    phoneNumberId: tenant.number.phoneNumberId,
    from: phone,
    name: "Ana",
    type: "text",
    text: "Hello",
  });
  await stack.drain();
  leadId = (await tenant.models.Lead.findOne({ waId: phone }).lean())?._id.toHexString() ?? "";
});
afterAll(() => stack.close());

async function sent(body: unknown): Promise<MessageRecord> {
  const answer = await tenant.api.post(`/api/crm/leads/${leadId}/messages`, body);
  expect([answer.status, answer.status === 202 ? null : answer.json()]).toEqual([202, null]);
  const { id } = answer.as(messageSchema);
  await stack.drain();
  const message = await tenant.models.Message.findById(new Types.ObjectId(id)).lean();
  if (!message) throw new Error("The message is gone.");
  return message;
}

async function uploads(): Promise<number> {
  const answer = Object(await stack.sim("/_sim/requests?method=POST&path=/media"));
  return answer.requests.length;
}

test("a photo is uploaded once and sent twice, also on top of a template", async () => {
  const { _id } = await upload(tenant.ctx, await phonePhoto(), "image/jpeg", { fileName: "offer.jpg" });
  await stack.drain();
  const mediaId = _id.toHexString();
  const message = await sent({ kind: "media", mediaId, caption: "Our offer" });
  expect([message.kind, message.error]).toEqual(["image", null]);
  expect(["sent", "delivered", "read"]).toContain(message.status);
  const template = {
    name: "photo_offer",
    language: "en_US",
    variables: { "1": "Ana" },
    headerMediaId: mediaId,
  };
  expect((await sent({ kind: "template", template })).error).toBeNull();
  expect(await uploads()).toBe(1);
  const [plain, onTop] = await stack.sends(phone);
  const metaId = Object(plain?.body.image).id;
  expect(plain?.body).toMatchObject({ type: "image", image: { caption: "Our offer" } });
  expect(Object(onTop?.body.template).components[0]).toEqual({
    type: "header",
    parameters: [{ type: "image", image: { id: metaId } }],
  });
});

test("a recording goes out as a voice note, and takes no caption", async () => {
  const bytes = await madeByFfmpeg(...tone(1), "tone.mp3");
  const { _id } = await upload(tenant.ctx, bytes, "audio/mpeg");
  await stack.drain();
  const mediaId = _id.toHexString();
  const message = await sent({ kind: "media", mediaId });
  expect([message.kind, message.error]).toEqual(["audio", null]);
  expect((await stack.sends(phone)).at(-1)?.body).toMatchObject({ type: "audio", audio: { voice: true } });
  const captioned = { kind: "media", mediaId, caption: "x" };
  const refused = await tenant.api.post(`/api/crm/leads/${leadId}/messages`, captioned);
  expect(refused.problem()).toMatchObject({ status: 422, code: "media-unsupported" });
});

test("an upload that fails is tried again, since it may be repeated freely", async () => {
  const { _id } = await upload(tenant.ctx, Buffer.from("%PDF-1.7\n%%EOF"), "application/pdf", {
    fileName: "a.pdf",
  });
  await stack.drain();
  await stack.sim("/_sim/faults", { match: { method: "POST", path: "media$" }, reset: "before", times: 1 });
  const message = await sent({ kind: "media", mediaId: _id.toHexString() });
  expect(message).toMatchObject({ status: "queued", attempts: 0 });
  const { getCentralModels } = await import("../../../src/lib/db/get.central.models");
  const { Job } = await getCentralModels();
  await Job.updateMany({ state: "scheduled" }, { $set: { runAt: new Date(0) } });
  await stack.drain();
  const again = await tenant.models.Message.findById(message._id).lean();
  expect([again?.attempts, again?.error]).toEqual([1, null]);
  expect((await stack.sends(phone)).at(-1)?.body).toMatchObject({
    type: "document",
    document: { filename: "a.pdf" },
  });
});

test("an item that is not there, not ready, or of another kind than the template wants is refused", async () => {
  const path = `/api/crm/leads/${leadId}/messages`;
  const unknown = await tenant.api.post(path, { kind: "media", mediaId: "66f0c0ffee66f0c0ffee66f0" });
  expect(unknown.problem().code).toBe("invalid-reference");
  const pdf = await upload(tenant.ctx, Buffer.from("%PDF-1.7\n%%EOF"), "application/pdf");
  const template = { name: "photo_offer", variables: { "1": "Ana" }, headerMediaId: pdf._id.toHexString() };
  const wrong = await tenant.api.post(path, { kind: "template", template });
  expect(wrong.problem().code).toBe("media-unsupported");
  expect((await tenant.api.get(`/api/crm/leads/${leadId}`)).as(leadSchema).lastOutboundAt).not.toBeNull();
});
