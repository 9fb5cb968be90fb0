/** Reads what was delivered by hand, so that its messages open windows and can be marked as read. */
import * as z from "zod";
import type { Graph } from "../graph.context";
import { noteInbound } from "../messages/service.window";

const messageSchema = z.object({
  id: z.string(),
  from: z.string().optional(),
  from_user_id: z.string().optional(),
  timestamp: z.coerce.number(),
  type: z.string().optional(),
});

const changeSchema = z.object({
  field: z.literal("messages"),
  value: z.object({
    metadata: z.object({ phone_number_id: z.string() }),
    messages: z.array(z.unknown()),
  }),
});

const bodySchema = z.object({ entry: z.array(z.object({ changes: z.array(z.unknown()) })) });

/** Payloads of other shapes, and of numbers that are not ours, are simply not observed. */
export function observeDelivered(graph: Graph, bytes: Buffer): void {
  const parsed = bodySchema.safeParse(jsonOrUndefined(bytes));
  if (!parsed.success) return;
  for (const raw of parsed.data.entry.flatMap(({ changes }) => changes)) {
    const change = changeSchema.safeParse(raw);
    if (change.success) observeMessages(graph, change.data.value);
  }
}

function observeMessages(graph: Graph, value: z.infer<typeof changeSchema>["value"]): void {
  const number = graph.world.numbers.get(value.metadata.phone_number_id);
  if (!number) return;
  for (const raw of value.messages) {
    const message = messageSchema.safeParse(raw);
    if (!message.success) continue;
    const { id, from, from_user_id, timestamp, type } = message.data;
    const digits = from?.replace(/\D/g, "");
    if (!digits && from_user_id === undefined) continue;
    const person = graph.world.people.ofCustomer(number.wabaId, digits || undefined, from_user_id);
    const atMs = timestamp * 1000;
    if (type !== "system") noteInbound(person, number.id, atMs);
    const sender = digits || from_user_id || "";
    graph.world.inbound.set(id, {
      wamid: id,
      phoneNumberId: number.id,
      from: sender,
      atMs,
      readAtMs: undefined,
    });
  }
}

function jsonOrUndefined(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString("utf8"));
  } catch {
    // Broken payloads may be delivered too; there is nothing in them to observe.
    return undefined;
  }
}
