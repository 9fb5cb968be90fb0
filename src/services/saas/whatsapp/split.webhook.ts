/** Takes a webhook body apart into the single items that are stored, routed and processed by themselves. Pure. */
import { createHash } from "node:crypto";
import * as z from "zod";
import {
  contactIdentitySchema,
  messageIdentitySchema,
  statusIdentitySchema,
  type WebhookItemKind,
  webhookChangeSchema,
  webhookEntrySchema,
  webhookEnvelopeSchema,
} from "../../../contracts/whatsapp.webhook.contract";

export interface WebhookItem {
  /**
   * `m:<phoneNumberId>:<wamid>`, `e:` of an echo alike, `s:<wamid>:<status>:<recipient>` or
   * `h:<hash of WABA, field, time, value>`.
   */
  readonly dedupeKey: string;
  readonly field: string;
  readonly kind: WebhookItemKind;
  /** What it is within its field: the message's type, the status word, the event's name. */
  readonly what: string | null;
  readonly wabaId: string;
  readonly phoneNumberId: string | null;
  /** The item with its metadata and contact, as JSON text. */
  readonly raw: string;
}

export interface SplitWebhook {
  readonly items: readonly WebhookItem[];
  /** Texts of what has not even the envelope's shape; kept in quarantine for a person to look at. */
  readonly unreadable: readonly string[];
}

type WebhookChange = z.output<typeof webhookChangeSchema>;
type ChangeValue = WebhookChange["value"];
interface Origin {
  readonly wabaId: string;
  readonly time: string;
  readonly field: string;
  readonly phoneNumberId: string | null;
}

/** Where the parts of one body go. */
class Splitting {
  readonly items: WebhookItem[] = [];
  readonly unreadable = new Set<string>();

  constructor(private readonly text: string) {}

  /** Adds what `make` reads. JSON nested too deeply to be written again leaves the whole body to be looked at. */
  add(make: () => WebhookItem): void {
    this.guarded(() => this.items.push(make()));
  }

  keep(part: unknown): void {
    this.guarded(() => this.unreadable.add(JSON.stringify(part)));
  }

  private guarded(write: () => void): void {
    try {
      write();
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      this.unreadable.add(this.text);
    }
  }
}

/** @param rawBody bytes whose signature was found good. */
export function splitWebhook(rawBody: Buffer): SplitWebhook {
  const text = rawBody.toString("utf8");
  const envelope = webhookEnvelopeSchema.safeParse(parsedOrNothing(text));
  if (!envelope.success) return { items: [], unreadable: [text] };
  const split = new Splitting(text);
  for (const entry of envelope.data.entry) splitEntry(entry, split);
  return { items: split.items, unreadable: [...split.unreadable] };
}

function parsedOrNothing(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function splitEntry(candidate: unknown, split: Splitting): void {
  const entry = webhookEntrySchema.safeParse(candidate);
  if (!entry.success) {
    split.keep(candidate);
    return;
  }
  const { id, time, changes } = entry.data;
  for (const candidateChange of changes) {
    const change = webhookChangeSchema.safeParse(candidateChange);
    if (change.success) splitChange(id, String(time ?? ""), change.data, split);
    else split.keep(candidateChange);
  }
}

function splitChange(entryId: string, time: string, { field, value }: WebhookChange, split: Splitting): void {
  const origin: Origin = {
    wabaId: value.waba_info?.waba_id ?? entryId,
    time,
    field,
    phoneNumberId: value.metadata?.phone_number_id ?? null,
  };
  const isMessages = field === "messages" && origin.phoneNumberId !== null;
  const messages = isMessages ? (value.messages ?? []) : [];
  const statuses = isMessages ? (value.statuses ?? []) : [];
  const contactOf = contactFinder(value.contacts ?? [], messages, senderIds);
  for (const message of messages) split.add(() => messageItem(origin, value, "message", message, contactOf));
  for (const status of statuses) split.add(() => statusItem(origin, value, status));
  const echoes = origin.phoneNumberId === null ? [] : (value.message_echoes ?? []);
  const recipientOf = contactFinder(value.contacts ?? [], echoes, recipientIds);
  for (const echo of echoes) split.add(() => messageItem(origin, value, "echo", echo, recipientOf));
  if (messages.length + statuses.length + echoes.length === 0) split.add(() => otherItem(origin, value));
}

type ContactFinder = (ids: readonly string[]) => unknown;

/** Who wrote it: a customer, or the business itself in WhatsApp's own app. */
const sides = {
  message: { letter: "m", list: "messages", idsOf: senderIds },
  echo: { letter: "e", list: "message_echoes", idsOf: recipientIds },
} as const;

function messageItem(
  origin: Origin,
  value: ChangeValue,
  kind: keyof typeof sides,
  message: unknown,
  contactOf: ContactFinder,
): WebhookItem {
  const { letter, list, idsOf } = sides[kind];
  const identity = messageIdentitySchema.safeParse(message);
  if (!identity.success) return otherItem(origin, { metadata: value.metadata, [list]: [message] });
  return {
    ...shared(origin),
    kind,
    what: wordOf(identity.data.type),
    dedupeKey: `${letter}:${origin.phoneNumberId}:${identity.data.id}`,
    raw: JSON.stringify({ metadata: value.metadata, contact: contactOf(idsOf(message)), message }),
  };
}

function statusItem(origin: Origin, value: ChangeValue, status: unknown): WebhookItem {
  const identity = statusIdentitySchema.safeParse(status);
  if (!identity.success) return otherItem(origin, { metadata: value.metadata, statuses: [status] });
  const {
    id,
    status: word,
    recipient_id,
    recipient_user_id,
    recipient_participant_id,
    recipient_participant_user_id,
  } = identity.data;
  const recipient =
    recipient_participant_id ?? recipient_participant_user_id ?? recipient_id ?? recipient_user_id ?? "";
  return {
    ...shared(origin),
    kind: "status",
    what: wordOf(word),
    dedupeKey: `s:${id}:${word}:${recipient}`,
    raw: JSON.stringify({ metadata: value.metadata, status }),
  };
}

function otherItem(origin: Origin, value: unknown): WebhookItem {
  const raw = JSON.stringify({ field: origin.field, wabaId: origin.wabaId, time: origin.time, value });
  return {
    ...shared(origin),
    kind: "other",
    what: wordOf(eventSchema.safeParse(value).data?.event),
    dedupeKey: `h:${createHash("sha256").update(raw).digest("hex")}`,
    raw,
  };
}

function shared(origin: Origin): Pick<WebhookItem, "field" | "wabaId" | "phoneNumberId"> {
  return { field: origin.field, wabaId: origin.wabaId, phoneNumberId: origin.phoneNumberId };
}

const eventSchema = z.looseObject({ event: z.unknown() });

/** A word of Meta's by which items are counted; anything else than a word is none. */
function wordOf(word: unknown): string | null {
  return typeof word === "string" && /^[\w.-]{1,64}$/.test(word) ? word : null;
}

function senderIds(message: unknown): string[] {
  const { from, from_user_id } = messageIdentitySchema.safeParse(message).data ?? {};
  return [from, from_user_id].filter((id) => id !== undefined);
}

function recipientIds(message: unknown): string[] {
  const { to, to_user_id } = messageIdentitySchema.safeParse(message).data ?? {};
  return [to, to_user_id].filter((id) => id !== undefined);
}

/**
 * Contacts belong to messages by id, not by place in the array. `from` may be spelled otherwise than `wa_id` (Brazil,
 * Mexico), so a lone contact beside messages of one person is theirs whatever its id.
 */
function contactFinder(
  contacts: readonly unknown[],
  messages: readonly unknown[],
  idsOf: (message: unknown) => readonly string[],
): ContactFinder {
  const byId = new Map<string, unknown>();
  for (const contact of contacts) {
    const ids = contactIdentitySchema.safeParse(contact).data;
    if (ids?.wa_id) byId.set(ids.wa_id, contact);
    if (ids?.user_id) byId.set(ids.user_id, contact);
  }
  const people = new Set(messages.map((message) => idsOf(message)[0]));
  const lone = contacts.length === 1 && people.size === 1 ? contacts[0] : undefined;
  return (ids) => {
    for (const id of ids) if (byId.has(id)) return byId.get(id);
    return lone;
  };
}
