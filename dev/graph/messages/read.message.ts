/** Mark as read, with or without the typing indicator. */
import * as z from "zod";
import { GraphError } from "../errors/graph.error";
import type { Graph } from "../graph.context";
import type { PhoneNumber } from "../state/world";
import { parseParameter } from "./parameter";

const readSchema = z.strictObject({
  messaging_product: z.literal("whatsapp"),
  status: z.literal("read", "must be 'read'"),
  message_id: z.string().min(1),
  typing_indicator: z.strictObject({ type: z.literal("text", "must be 'text'") }).optional(),
});

const thirtyDaysMs = 30 * 24 * 3_600_000;

/** Marks the message and the earlier ones of its number. @throws GraphError 131009 for one we do not know */
export function markAsRead(
  graph: Graph,
  number: PhoneNumber,
  body: Record<string, unknown>,
): { success: true } {
  const { message_id } = parseParameter(readSchema, body, "request");
  const message = graph.world.inbound.get(message_id);
  const nowMs = graph.clock.nowMs();
  if (message?.phoneNumberId !== number.id || nowMs - message.atMs > thirtyDaysMs) {
    throw new GraphError(131009, { details: "Message id does not exist, or is older than 30 days" });
  }
  for (const other of graph.world.inbound.values()) {
    if (other.phoneNumberId === number.id && other.from === message.from && other.atMs <= message.atMs) {
      other.readAtMs ??= nowMs;
    }
  }
  return { success: true };
}
