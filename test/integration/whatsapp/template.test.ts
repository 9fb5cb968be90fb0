/** Templates follow Meta; numbers are connected only when Meta confirms them; conversations through the API. */
import { Types } from "mongoose";
import { pageSchema } from "../../../src/contracts/common.contract";
import { conversationSchema } from "../../../src/contracts/conversation.contract";
import { messageSchema } from "../../../src/contracts/message.contract";
import { templatePreviewSchema, templateSchema } from "../../../src/contracts/template.contract";
import { createUser } from "../../../src/services/saas/crm/user.service";
import { connectNumber } from "../../../src/services/saas/whatsapp/connect.number.service";
import {
  contactOf,
  customerMessage,
  numberOf,
  startWhatsApp,
  type WhatsAppStack,
  type WhatsAppTenant,
  webhookBody,
  whatsappTenant,
} from "./whatsapp.stack";

let stack: WhatsAppStack;
let tenant: WhatsAppTenant;
let other: WhatsAppTenant;

beforeAll(async () => {
  stack = await startWhatsApp();
  tenant = await whatsappTenant(stack, numberOf(1));
  other = await whatsappTenant(stack, numberOf(2));
});
afterAll(() => stack.close());

const list = async (query = "", caller = tenant) =>
  (await caller.api.get(`/api/crm/templates?${query}`)).as(pageSchema(templateSchema));

describe("templates", () => {
  test("are there as soon as the number is connected, with their variables", async () => {
    const { data } = await list("name=order_update");
    expect(data).toMatchObject([
      { language: "en_US", status: "APPROVED", sendable: true, headerFormat: "TEXT" },
    ]);
    expect(data[0]?.variables.map(({ key, place }) => `${place}:${key}`)).toEqual([
      "header:header_1",
      "body:1",
      "body:2",
      "button:button_0",
      "button:button_1",
    ]);
    expect(data[0]?.variables.map(({ type, required }) => [type, required])).toEqual([
      ["text", true],
      ["text", true],
      ["text", true],
      ["payload", false],
      ["url_suffix", true],
    ]);
    const [welcome] = (await list("name=welcome")).data;
    expect(welcome?.variables).toMatchObject([{ key: "first_name", example: expect.any(String) }]);
    expect((await list("status=PAUSED")).data).toMatchObject([{ name: "paused_offer", sendable: false }]);
  });

  test("a webhook of Meta's makes us read them again: changed, gone and new ones", async () => {
    const { wabaId } = tenant.number;
    tenant.events.length = 0;
    await stack.sim("/_sim/templates", { wabaId, name: "welcome", status: "PAUSED" });
    await stack.drain();
    for (let tries = 0; tries < 50 && (await list("name=welcome")).data[0]?.status !== "PAUSED"; tries += 1) {
      await dueNow();
      await stack.drain();
    }
    const [welcome] = (await list("name=welcome")).data;
    expect(welcome).toMatchObject({ status: "PAUSED", sendable: false });
    expect(tenant.events.filter(({ type }) => type === "template_updated")).toMatchObject([
      { subject: { templateId: welcome?.id }, data: { name: "welcome", status: "PAUSED" } },
    ]);
    await stack.sim("/_sim/templates", { wabaId, name: "welcome", status: "APPROVED" });

    const removed = await fetch(`${stack.graph.url}/v24.0/${wabaId}/message_templates?name=follow_up`, {
      method: "DELETE",
      headers: { authorization: `Bearer ${tenant.number.token}` },
    });
    expect(removed.status).toBe(200);
    const answer = await tenant.api.post("/api/crm/templates/sync");
    expect(answer.status).toBe(202);
    await stack.drain();
    const gone = await tenant.models.Template.findOne({ name: "follow_up" }).lean();
    expect(gone === null || gone.status === "PENDING_DELETION" || gone.deletedAt !== null).toBe(true);
    // the other tenant's copy is its own
    expect((await list("name=follow_up", other)).data).toMatchObject([{ status: "APPROVED" }]);
  });

  test("a listing that fails half-way changes nothing", async () => {
    const before = (await list("limit=100")).data;
    await stack.sim("/_sim/faults", {
      match: { method: "GET", path: "message_templates$" },
      status: 500,
      body: "oops",
      times: 1,
    });
    await tenant.api.post("/api/crm/templates/sync");
    await stack.drain();
    expect((await list("limit=100")).data.map(({ id }) => id)).toEqual(before.map(({ id }) => id));
    await dueNow();
    await stack.drain();
  });

  test("a preview shows what the person would see, and what is missing", async () => {
    const [template] = (await list("name=order_update")).data;
    const preview = async (variables: Record<string, string>, caller = tenant) =>
      caller.api.post(`/api/crm/templates/${template?.id}/preview`, { variables });
    const shown = (await preview({ header_1: "A-17", "1": "Ana {{2}}" })).as(templatePreviewSchema);
    expect(shown.header).toContain("A-17");
    // braces in a value are text, not variables
    expect(shown.body).toContain("Ana {{2}}");
    expect(shown.missing).toEqual(["2", "button_1"]);
    expect((await preview({}, other)).status).toBe(404);
  });

  async function dueNow(): Promise<void> {
    const { getCentralModels } = await import("../../../src/lib/db/get.central.models");
    const { Job } = await getCentralModels();
    await Job.updateMany({ state: "scheduled" }, { $set: { runAt: new Date(0) } });
  }
});

describe("connecting a number", () => {
  const refusal = (input: Partial<Parameters<typeof connectNumber>[1]>) =>
    connectNumber(tenant.ctx, { ...numberOf(1), ...input }).catch((error: unknown) => error);

  test("a wrong token, a foreign number and a foreign account are refused by Meta's word", async () => {
    expect(await refusal({ token: "wrong" })).toMatchObject({
      code: "invalid-reference",
      detail: expect.stringContaining("190"),
    });
    expect(await refusal({ phoneNumberId: numberOf(2).phoneNumberId })).toMatchObject({
      code: "invalid-reference",
    });
    expect(await refusal({ wabaId: numberOf(2).wabaId })).toMatchObject({ code: "invalid-reference" });
  });

  test("a number that another tenant has is refused, and stays where it is", async () => {
    expect(await refusal(numberOf(2))).toMatchObject({ code: "duplicate" });
    expect(await tenant.models.Connection.countDocuments({})).toBe(1);
  });

  test("again, it is the same connection; its token is nowhere in the clear", async () => {
    const again = await connectNumber(tenant.ctx, numberOf(1));
    expect(again).toMatchObject({ connectionId: tenant.connectionId, isDefault: true });
    expect(JSON.stringify(await tenant.models.Connection.find({}).lean())).not.toContain(numberOf(1).token);
    const { getCentralModels } = await import("../../../src/lib/db/get.central.models");
    const { Secret } = await getCentralModels();
    expect(JSON.stringify(await Secret.find({}).lean())).not.toContain(numberOf(1).token);
  });
});

describe("conversations", () => {
  test("are listed, changed and read; a new message opens a resolved one again", async () => {
    const from = "447700909001";
    const receive = async () => {
      const message = customerMessage(from);
      await stack.deliver(
        webhookBody(tenant.number, { contacts: [contactOf(from, "Ana")], messages: [message] }),
      );
      await stack.drain();
    };
    await receive();
    const page = (await tenant.api.get("/api/crm/conversations?unread=true&status=open")).as(
      pageSchema(conversationSchema),
    );
    const [conversation] = page.data;
    if (!conversation) throw new Error("There is a conversation.");
    const path = `/api/crm/conversations/${conversation.id}`;
    await createUser(tenant.ctx, { key: "maria", name: "Maria", email: "maria@example.com" });
    const patched = await tenant.api.patch(
      path,
      { status: "resolved", assigneeId: "maria", labels: ["vip"] },
      { "if-match": `"${conversation.version}"` },
    );
    expect(patched.as(conversationSchema)).toMatchObject({
      status: "resolved",
      assigneeId: "maria",
      resolvedAt: expect.any(String),
    });
    const stale = await tenant.api.patch(
      path,
      { priority: "high" },
      { "if-match": `"${conversation.version}"` },
    );
    expect(stale.status).toBe(412);
    expect((await tenant.api.patch(path, { status: "snoozed" })).status).toBe(400);
    expect((await tenant.api.post(`${path}/read`)).as(conversationSchema).unreadCount).toBe(0);
    await receive();
    const opened = (await tenant.api.get(path)).as(conversationSchema);
    expect(opened).toMatchObject({ status: "open", unreadCount: 1, resolvedAt: null, assigneeId: "maria" });

    const first = (await tenant.api.get(`${path}/messages?limit=1`)).as(pageSchema(messageSchema));
    expect(first).toMatchObject({ hasMore: true, data: { length: 1 } });
    const second = (
      await tenant.api.get(`${path}/messages?limit=1&cursor=${encodeURIComponent(first.nextCursor ?? "")}`)
    ).as(pageSchema(messageSchema));
    expect(second).toMatchObject({ hasMore: false, data: { length: 1 } });
    expect(second.data[0]?.id).not.toBe(first.data[0]?.id);
    for (const foreign of [path, `${path}/messages`, `/api/crm/messages/${first.data[0]?.id}`]) {
      expect((await other.api.get(foreign)).status).toBe(404);
    }
    expect((await other.api.patch(path, { status: "resolved" })).status).toBe(404);
    expect((await other.api.post(`${path}/read`)).status).toBe(404);
    expect((await other.api.post(`${path}/messages`, { kind: "text", text: "x" })).status).toBe(404);
  });

  test("messages that are unknown for 15 minutes are listed for a person", async () => {
    const [message] = await tenant.models.Message.find({}).lean();
    const quarter = new Date(Date.now() - 15 * 60_000 - 1_000);
    await tenant.models.Message.updateOne(
      { _id: message?._id ?? new Types.ObjectId() },
      { $set: { status: "unknown", updatedAt: quarter } },
    );
    const page = (await tenant.api.get("/api/crm/messages")).as(pageSchema(messageSchema));
    expect(page.data.map(({ id }) => id)).toEqual([message?._id.toHexString()]);
    expect((await other.api.get("/api/crm/messages")).as(pageSchema(messageSchema)).data).toEqual([]);
  });
});
