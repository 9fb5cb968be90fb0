/**
 * A day of webhooks for one business number, made from a seed: people of every kind of identity, every type of message,
 * statuses of what the business sent, template and account events.
 */
import { randomFrom } from "../../../dev/replay/plan.deliveries";
import { contactOf, type WhatsAppNumber, webhookBody } from "./whatsapp.stack";

/** A message of the business that statuses come for: our id, and Meta's id of it in this universe. */
export interface Sent {
  readonly clientId: string;
  readonly wamid: string;
  readonly to: string;
}

export interface Day {
  readonly seed: number;
  /** Unix seconds of its first message. */
  readonly beganAt: number;
  readonly people: number;
  /** Messages of each of them. */
  readonly each: number;
}

type Fields = Readonly<Record<string, unknown>>;

/** How a person appears: ids in the contact and in the message, at the n-th of their messages. */
interface Identity {
  readonly wa_id?: string;
  readonly user_id?: string;
  readonly from?: string;
  readonly username?: string;
}

export const phoneOf = (person: number): string => `4477009${String(10_000 + person)}`;
const newPhoneOf = (person: number): string => `4477008${String(10_000 + person)}`;

/** ADD A KIND OF PERSON HERE. */
const identities: readonly ((person: number, n: number, each: number) => Identity)[] = [
  // a phone, and nothing else
  (person) => ({ wa_id: phoneOf(person), from: phoneOf(person) }),
  // a phone and a user id
  (person) => ({ wa_id: phoneOf(person), from: phoneOf(person), user_id: `GB.${person}` }),
  // a user id and a username, no phone
  (person) => ({ user_id: `GB.${person}`, username: `person.${person}` }),
  // a phone first, later a user id alone, and one message that joins the two
  (person, n, each) =>
    n === Math.floor(each / 2)
      ? { wa_id: phoneOf(person), from: phoneOf(person), user_id: `GB.${person}` }
      : n < each / 2
        ? { wa_id: phoneOf(person), from: phoneOf(person) }
        : { user_id: `GB.${person}` },
  // a Brazilian number whose ninth digit is not in the WhatsApp id
  (person) => ({ wa_id: `55118${7_650_000 + person}`, from: `551198${7_650_000 + person}` }),
  // a phone that is given up for another one before the last message
  (person, n, each) => {
    const phone = n < each - 1 ? phoneOf(person) : newPhoneOf(person);
    return { wa_id: phone, from: phone };
  },
];
const changesNumber = (person: number): boolean => person % identities.length === 5;

/** How somebody appeared before the day began. */
export function firstIdentity(person: number): Identity {
  return identities[person % identities.length]?.(person, 0, 1_000) ?? {};
}

/** ADD A TYPE OF MESSAGE HERE. */
const contents: readonly ((id: string, earlier: string) => Fields)[] = [
  (id) => ({ type: "text", text: { body: `Hello, this is ${id} — olá 😀` } }),
  (_, earlier) => ({ type: "text", text: { body: "As I said" }, context: { id: earlier } }),
  (id) => ({
    type: "image",
    image: { id: `9${id.length}`, mime_type: "image/jpeg", sha256: "x", caption: id },
  }),
  () => ({ type: "location", location: { latitude: -23.5, longitude: -46.6, name: "Office" } }),
  (_, earlier) => ({ type: "button", button: { payload: "YES", text: "Yes" }, context: { id: earlier } }),
  () => ({
    type: "interactive",
    interactive: { type: "list_reply", list_reply: { id: "a", title: "A", description: "first" } },
  }),
  () => ({
    type: "contacts",
    contacts: [{ name: { formatted_name: "Bo" }, phones: [{ phone: "+1 202 5550143" }] }],
  }),
  () => ({
    type: "order",
    order: { catalog_id: "1", product_items: [{ product_retailer_id: "p", quantity: "2" }] },
  }),
  (_, earlier) => ({ type: "reaction", reaction: { message_id: earlier, emoji: "👍" } }),
  (_, earlier) => ({ type: "reaction", reaction: { message_id: earlier } }),
  (_, earlier) => ({ type: "revoke", revoke: { original_message_id: earlier } }),
  () => ({ type: "poll_creation", poll_creation: { name: "?" } }),
  () => ({ type: "unsupported", errors: [{ code: 131_051, title: "Message type unknown" }] }),
];

/** The day's webhooks in the order of their times, one item to a body. */
export function dayOfTraffic(number: WhatsAppNumber, day: Day, sent: readonly Sent[]): object[] {
  const random = randomFrom(day.seed);
  const pick = (most: number) => Math.floor(random() * most);
  const timed: { at: number; body: object }[] = [];
  const add = (at: number, value: Parameters<typeof webhookBody>[1]) =>
    timed.push({ at, body: webhookBody(number, value) });

  for (let person = 0; person < day.people; person += 1) {
    const identify = identities[person % identities.length] ?? firstIdentity;
    let earlier = `wamid.before.${person}`;
    for (let n = 0; n < day.each; n += 1) {
      // Several in the same second, as Meta's clock has no more digits.
      const at = day.beganAt + Math.floor((n * 900 + person * 7) / 2) + pick(2);
      const { wa_id, user_id, from, username }: Identity = identify(person, n, day.each);
      const id = `wamid.day.${person}.${n}`;
      // The first is a text: what somebody reacts to must be something.
      const content = contents[n === 0 ? 0 : pick(contents.length)] ?? contents[0];
      const isNotice = changesNumber(person) && n === day.each - 2;
      const contact = {
        profile: { name: n < day.each / 2 ? `Person ${person}` : `Person ${person} Renamed`, username },
        wa_id,
        user_id,
      };
      const message = {
        id,
        timestamp: String(at),
        ...(from === undefined ? {} : { from }),
        ...(user_id === undefined ? {} : { from_user_id: user_id }),
        ...(isNotice ? numberNotice(person) : content?.(id, earlier)),
      };
      // Notices come without contacts.
      add(at, { ...(isNotice ? {} : { contacts: [contact] }), messages: [message] });
      if ("text" in message) earlier = id;
    }
  }
  for (const { wamid, to } of sent) {
    const words = [
      ["sent"],
      ["sent", "delivered"],
      ["sent", "read"],
      ["sent", "failed"],
      ["sent", "delivered", "read", "played"],
    ];
    for (const [step, status] of (words[pick(words.length)] ?? []).entries())
      add(day.beganAt + 3_600 + step, {
        statuses: [statusOf(wamid, to, status, day.beganAt + 3_600 + step)],
      });
  }
  const about = accountEvents(number, day);
  return [...timed.sort((a, b) => a.at - b.at).map(({ body }) => body), ...about];
}

function numberNotice(person: number): Fields {
  return {
    type: "system",
    system: { type: "user_changed_number", body: "changed", wa_id: newPhoneOf(person) },
  };
}

function statusOf(wamid: string, to: string, status: string, at: number): Fields {
  return {
    id: wamid,
    status,
    timestamp: String(at),
    recipient_id: to,
    ...(status === "failed" ? { errors: [{ code: 131_026, title: "Message undeliverable" }] } : {}),
    ...(status === "sent" ? { pricing: { billable: true, pricing_model: "PMP", category: "service" } } : {}),
  };
}

/** Template edits and account events; what the templates are at the end, the fake Meta is told beforehand. */
function accountEvents({ wabaId, phoneNumberId, displayPhoneNumber }: WhatsAppNumber, day: Day): object[] {
  const template = {
    message_template_id: 1234,
    message_template_name: "welcome",
    message_template_language: "en_US",
  };
  const changes: { field: string; value: Fields }[] = [
    { field: "message_template_status_update", value: { event: "PENDING", ...template } },
    { field: "message_template_status_update", value: { event: "PAUSED", ...template } },
    {
      field: "message_template_quality_update",
      value: { previous_quality_score: "GREEN", new_quality_score: "RED", ...template },
    },
    { field: "message_template_components_update", value: { message_template_element: "Hi", ...template } },
    {
      field: "template_category_update",
      value: { previous_category: "UTILITY", new_category: "MARKETING", ...template },
    },
    {
      field: "user_preferences",
      value: {
        metadata: { phone_number_id: phoneNumberId, display_phone_number: displayPhoneNumber.slice(1) },
        contacts: [contactOf(phoneOf(0), "Person 0")],
        user_preferences: ["stop", "resume", "stop"].map((value, n) => ({
          wa_id: phoneOf(0),
          detail: "asked",
          category: "marketing_messages",
          value,
          timestamp: day.beganAt + 60 * n,
        })),
      },
    },
    { field: "tomorrows_field", value: { news: "true" } },
  ];
  return changes.map((change, n) => ({
    object: "whatsapp_business_account",
    entry: [{ id: wabaId, time: day.beganAt + n, changes: [change] }],
  }));
}
