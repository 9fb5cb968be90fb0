/** The part of the world that outlives a restart, as plain data: who wrote when, media, templates, messages. */
import * as z from "zod";
import { templateCategories, templateStatuses } from "../graph.options";
import type { World } from "./world";

const text = z.string();
const optionalText = z.string().optional();
const count = z.number();

const mediaSchema = z.object({
  kind: z.literal("media"),
  id: text,
  phoneNumberId: optionalText,
  mimeType: text,
  sniffedType: optionalText,
  sha256: text,
  size: count,
  filename: optionalText,
  expiresAtMs: count,
});

const templateSchema = z.object({
  kind: z.literal("template"),
  id: text,
  wabaId: text,
  name: text,
  language: text,
  category: z.enum(templateCategories),
  previousCategory: z.enum(templateCategories).optional(),
  parameterFormat: z.enum(["POSITIONAL", "NAMED"]),
  components: z.array(z.unknown()),
  ttlSeconds: count.optional(),
  status: z.enum(templateStatuses),
  quality: z.enum(["GREEN", "YELLOW", "RED", "UNKNOWN"]),
  qualityAtSeconds: count,
  rejectedReason: text,
  messageStatus: z.enum(["accepted", "held_for_quality_assessment", "paused"]),
  editedAtMs: z.array(count),
});

const messageSchema = z.object({
  wamid: text,
  phoneNumberId: text,
  wabaId: text,
  input: text,
  waId: optionalText,
  userId: optionalText,
  recipientType: z.enum(["individual", "group"]),
  type: text,
  category: text,
  callbackData: optionalText,
  acceptedAtMs: count,
  body: z.record(text, z.unknown()),
  statuses: z.array(
    z.object({
      status: text,
      code: count.optional(),
      timestamp: count,
      sentAt: text,
      deliveryId: count.optional(),
    }),
  ),
});

const inboundSchema = z.object({
  wamid: text,
  phoneNumberId: text,
  from: text,
  atMs: count,
  readAtMs: count.optional(),
});

const personSchema = z.object({
  waId: optionalText,
  userIds: z.record(text, text),
  name: optionalText,
  username: optionalText,
  onWhatsApp: z.boolean(),
  marketingStopped: z.array(text),
  lastInboundMs: z.record(text, count),
});

const wabaSchema = z.object({
  id: text,
  subscribed: z.boolean(),
  callback: z.object({ url: text, verifyToken: text }).optional(),
});

export const snapshotSchema = z.object({
  version: z.literal(1),
  wabas: z.array(wabaSchema),
  people: z.array(personSchema),
  media: z.array(mediaSchema),
  templates: z.array(templateSchema),
  messages: z.array(messageSchema),
  inbound: z.array(inboundSchema),
});
export type Snapshot = z.infer<typeof snapshotSchema>;

/** Older ones are dropped, so that the file stays small on a stack that lives for months. */
const keptMessages = 2000;

export function snapshotOf(world: World): unknown {
  return {
    version: 1,
    wabas: [...world.wabas.values()].map(({ id, subscribed, callback }) => ({ id, subscribed, callback })),
    people: world.people.all().map((person) => ({
      ...person,
      userIds: Object.fromEntries(person.userIds),
      marketingStopped: [...person.marketingStopped],
      lastInboundMs: Object.fromEntries(person.lastInboundMs),
    })),
    media: [...world.media.values()],
    templates: [...world.templates.values()],
    messages: [...world.messages.values()].slice(-keptMessages),
    inbound: [...world.inbound.values()].slice(-keptMessages),
  };
}

/** Lays a snapshot over the freshly seeded world; what belongs to accounts that are gone is left out. */
export function restoreSnapshot(world: World, snapshot: Snapshot): void {
  for (const { id, subscribed, callback } of snapshot.wabas) {
    const waba = world.wabas.get(id);
    if (waba) Object.assign(waba, { subscribed, callback });
  }
  for (const person of snapshot.people) world.people.restore(person);
  for (const media of snapshot.media) {
    world.media.set(media.id, {
      ...media,
      phoneNumberId: media.phoneNumberId,
      sniffedType: media.sniffedType,
      filename: media.filename,
    });
  }
  for (const template of snapshot.templates) {
    if (!world.wabas.has(template.wabaId)) continue;
    const { previousCategory, ttlSeconds } = template;
    world.templates.set(template.id, { ...template, previousCategory, ttlSeconds });
  }
  for (const message of snapshot.messages) {
    const { waId, userId, callbackData } = message;
    const statuses = message.statuses.map((event) => ({
      ...event,
      code: event.code,
      deliveryId: event.deliveryId,
    }));
    world.messages.set(message.wamid, { ...message, waId, userId, callbackData, statuses });
  }
  for (const message of snapshot.inbound) {
    world.inbound.set(message.wamid, { ...message, readAtMs: message.readAtMs });
  }
}
