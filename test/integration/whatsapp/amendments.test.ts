/** Edits, deletions, replies and what is written in the phone app, in whatever order they come. */
import {
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

beforeAll(async () => {
  stack = await startWhatsApp([numberOf(1)]);
  tenant = await whatsappTenant(stack, numberOf(1));
});
afterAll(() => stack.close());

const start = Math.floor(Date.now() / 1000) - 3_600;
const from = "447700930001";
const says = (id: string, at: number, fields: Record<string, unknown> = {}) =>
  customerMessage(from, { id, timestamp: String(start + at), ...fields });

async function deliver(...messages: unknown[]): Promise<void> {
  expect((await stack.deliver(webhookBody(tenant.number, { messages }))).status).toBe(200);
  await stack.drain();
}

const messageOf = (id: string) => tenant.models.Message.findOne({ "provider.messageId": id }).lean();

// https://developers.facebook.com/documentation/business-messaging/whatsapp/webhooks/reference/messages/edit
test.each(["after", "before"])(
  "the latest edit shows when it comes %s its message, and a deleted message says nothing",
  async (order) => {
    const [id, at] = [`wamid.edited.${order}`, order === "after" ? 10 : 20];
    const edit = (n: number, body: string) =>
      says(`${id}.e${n}`, at + n, {
        type: "edit",
        text: undefined,
        edit: { original_message_id: id, message: { type: "text", text: { body } } },
      });
    const original = says(id, at, { text: { body: "Helo" } });
    const all = [original, edit(2, "Hello!"), edit(1, "Hello")];
    for (const message of order === "after" ? all : all.toReversed()) await deliver(message);
    expect(await messageOf(id)).toMatchObject({
      text: "Hello!",
      editedAt: new Date((start + at + 2) * 1_000),
    });
    const conversation = await tenant.models.Conversation.findOne({}).lean();
    expect(conversation?.lastMessage?.preview).toBe("Hello!");
    await deliver(
      says(`${id}.r`, at + 3, { type: "revoke", text: undefined, revoke: { original_message_id: id } }),
    );
    expect(await messageOf(id)).toMatchObject({ text: null, revokedAt: expect.any(Date) });
    expect((await messageOf(`${id}.e2`))?.text).toBeNull();
    const after = await tenant.models.Conversation.findOne({}).lean();
    expect(after?.lastMessage?.preview).toBe("Deleted message");
  },
);

test("a reply leads to the message it quotes, whichever comes first", async () => {
  await deliver(says("wamid.reply.1", 31, { context: { from, id: "wamid.quoted.1" } }));
  expect((await messageOf("wamid.reply.1"))?.replyToId).toBeNull();
  await deliver(says("wamid.quoted.1", 30));
  await deliver(says("wamid.reply.2", 32, { context: { from, id: "wamid.quoted.1" } }));
  const quoted = await messageOf("wamid.quoted.1");
  for (const id of ["wamid.reply.1", "wamid.reply.2"])
    expect((await messageOf(id))?.replyToId).toEqual(quoted?._id);
});

// https://developers.facebook.com/documentation/business-messaging/whatsapp/webhooks/reference/smb_message_echoes
test("what is written in the phone app is a message of ours: it answers who waits, opens no window and takes statuses", async () => {
  const metadata = { phone_number_id: tenant.number.phoneNumberId };
  const echo = (id: string, to: string, at: number) => ({
    object: "whatsapp_business_account",
    entry: [
      {
        id: tenant.number.wabaId,
        changes: [
          {
            field: "smb_message_echoes",
            value: {
              metadata,
              message_echoes: [
                {
                  from: "15550001111",
                  to,
                  id,
                  timestamp: String(start + at),
                  type: "text",
                  text: { body: "Soon" },
                },
              ],
            },
          },
        ],
      },
    ],
  });
  const delivered = {
    id: "wamid.echo.1",
    status: "delivered",
    timestamp: String(start + 61),
    recipient_id: from,
  };
  await stack.deliver(webhookBody(tenant.number, { statuses: [delivered] }));
  await deliver(says("wamid.late", 70));
  for (let times = 0; times < 2; times += 1) await stack.deliver(echo("wamid.echo.1", from, 60));
  await stack.drain();
  expect(await messageOf("wamid.echo.1")).toMatchObject({
    direction: "outbound",
    status: "delivered",
    text: "Soon",
  });
  const lead = await tenant.models.Lead.findOne({ waId: from }).lean();
  const conversation = await tenant.models.Conversation.findOne({ leadId: lead?._id }).lean();
  // what came after the answer still waits for one
  expect(conversation?.waitingSince).toEqual(new Date((start + 70) * 1_000));
  await stack.deliver(echo("wamid.echo.2", "447700930002", 80));
  await stack.drain();
  const written = await tenant.models.Lead.findOne({ waId: "447700930002" }).lean();
  expect(written?.consent.whatsapp).toBeNull();
  const theirs = await tenant.models.Conversation.findOne({ leadId: written?._id }).lean();
  expect(theirs).toMatchObject({ windowExpiresAt: null, unreadCount: 0, lastMessage: { preview: "Soon" } });
});

test("a message in a group is kept raw, counted and no lead of ours", async () => {
  await deliver(customerMessage("447700930009", { id: "wamid.group", group_id: "Y2FwaV9ncm91cDox" }));
  expect(await tenant.models.Lead.countDocuments({ waId: "447700930009" })).toBe(0);
  expect(await tenant.models.WebhookEvent.findOne({ dedupeKey: /wamid\.group$/ }).lean()).toMatchObject({
    state: "ignored",
    what: "text",
    reason: expect.stringContaining("group"),
  });
});

// https://developers.facebook.com/documentation/business-messaging/whatsapp/webhooks/reference/messages/text
test("where a person came from is kept on the lead: the earliest advertisement", async () => {
  const person = "447700930011";
  const click = (id: string, at: number, ad: string) =>
    customerMessage(person, {
      id,
      timestamp: String(start + at),
      referral: {
        source_type: "ad",
        source_id: ad,
        source_url: "https://fb.me/x",
        headline: "Sale",
        ctwa_clid: "c1",
      },
    });
  await deliver(click("wamid.ad.2", 200, "ad-2"));
  await deliver(click("wamid.ad.1", 100, "ad-1"));
  const lead = await tenant.models.Lead.findOne({ waId: person }).lean();
  expect(lead?.sourceDetail).toMatchObject({ channel: "whatsapp", type: "ad", id: "ad-1", clickId: "c1" });
});
