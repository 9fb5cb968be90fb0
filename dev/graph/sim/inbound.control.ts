/** `POST /_sim/inbound`: a customer writes. */
import type { Graph } from "../graph.context";
import { isRecord } from "../http/exchange";
import { noteInbound } from "../messages/service.window";
import { newWamid } from "../state/identifiers";
import type { Person } from "../state/person.directory";
import type { PhoneNumber } from "../state/world";
import { messagesEntry, type WebhookEntry } from "../webhooks/envelope";
import type { Delivery } from "../webhooks/webhook.sender";
import { inboundContent } from "./inbound.content";
import { type InboundControl, inboundBatchSchema, inboundSchema } from "./inbound.schema";
import { parseControl, SimError } from "./sim.error";

interface BuiltMessage {
  number: PhoneNumber;
  wamid: string;
  mediaId: string | undefined;
  entry: WebhookEntry;
}

/** @returns the wamids, the media ids, and what the webhook said to the first try */
export async function inbound(graph: Graph, body: unknown): Promise<unknown> {
  const isBatch = isRecord(body) && "batch" in body;
  const controls = isBatch
    ? parseControl(inboundBatchSchema, body).batch
    : [parseControl(inboundSchema, body)];
  const built: BuiltMessage[] = [];
  for (const control of controls) built.push(await buildMessage(graph, control));
  const deliveries = await Promise.all(perTarget(graph, built).map((group) => deliver(graph, group)));
  const [first] = built;
  return isBatch
    ? { messages: built.map(({ wamid, mediaId }) => ({ wamid, mediaId })), deliveries }
    : { wamid: first?.wamid, mediaId: first?.mediaId, deliveries };
}

async function buildMessage(graph: Graph, control: InboundControl): Promise<BuiltMessage> {
  const number = graph.world.numbers.get(control.phoneNumberId);
  if (!number) throw new SimError(`There is no number ${control.phoneNumberId}. See GET /_sim/state`, 404);
  if (control.from === undefined && control.userId === undefined) {
    throw new SimError("Give from (a phone), or userId for somebody without one");
  }
  const waId = control.waId ?? control.from;
  const person = graph.world.people.ofCustomer(number.wabaId, waId, control.userId);
  person.name = control.name ?? person.name;
  person.username = control.username ?? person.username;
  const userId = graph.world.people.userIdAt(person, number.wabaId);
  const shownUserId = graph.world.settings.userIds || waId === undefined ? userId : undefined;
  const timestamp = control.timestamp ?? graph.clock.nowSeconds();
  const wamid = control.id ?? newWamid(waId ?? userId, "inbound");
  const { content, mediaId } = await inboundContent(graph, control);

  if (control.type !== "system") noteInbound(person, number.id, timestamp * 1000);
  graph.world.inbound.set(wamid, {
    wamid,
    phoneNumberId: number.id,
    from: waId ?? userId,
    atMs: timestamp * 1000,
    readAtMs: undefined,
  });
  const message = {
    from: control.from,
    from_user_id: shownUserId,
    group_id: control.groupId,
    id: wamid,
    timestamp: String(timestamp),
    type: control.type,
    ...(content === undefined ? {} : { [control.type]: content }),
    context: contextOf(control, number),
    referral: control.referral,
    errors: control.errors ?? (control.type === "unsupported" ? [unsupported] : undefined),
  };
  const contact = { profile: profileOf(person), wa_id: waId, user_id: shownUserId };
  // Meta sends no contacts with a system message.
  const contacts = control.type === "system" ? {} : { contacts: [contact] };
  return { number, wamid, mediaId, entry: messagesEntry(number, { ...contacts, messages: [message] }) };
}

const unsupported = {
  code: 131051,
  title: "Message type unknown",
  message: "Message type unknown",
  error_data: { details: "Message type is currently not supported." },
};

function profileOf(person: Person): Record<string, unknown> {
  return { name: person.name ?? "", username: person.username };
}

function contextOf({ context }: InboundControl, number: PhoneNumber): Record<string, unknown> | undefined {
  if (!context) return undefined;
  return {
    from: context.messageId === undefined ? undefined : (context.from ?? number.display),
    id: context.messageId,
    forwarded: context.forwarded,
    frequently_forwarded: context.frequentlyForwarded,
    referred_product: context.referredProduct && {
      catalog_id: context.referredProduct.catalogId,
      product_retailer_id: context.referredProduct.productRetailerId,
    },
  };
}

/** Messages for the same address and secret share a POST. */
function perTarget(graph: Graph, built: BuiltMessage[]): BuiltMessage[][] {
  const groups = new Map<string, BuiltMessage[]>();
  for (const message of built) {
    const target = graph.webhooks.target(message.number.wabaId, message.number.id);
    const key = typeof target === "string" ? target : `${target.url} ${target.secret}`;
    groups.set(key, [...(groups.get(key) ?? []), message]);
  }
  return [...groups.values()];
}

async function deliver(graph: Graph, group: BuiltMessage[]): Promise<Delivery | undefined> {
  const [first] = group;
  if (!first) return undefined;
  return graph.webhooks.send({
    wabaId: first.number.wabaId,
    phoneNumberId: first.number.id,
    entries: group.map(({ entry }) => entry),
  });
}
