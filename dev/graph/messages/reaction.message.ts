import * as z from "zod";
import { parseParameter } from "./parameter";
import type { MessageCheck } from "./send.context";

const reactionSchema = z.strictObject({
  message_id: z.string().min(1),
  emoji: z.string().refine((emoji) => [...emoji].length <= 16, "must be one emoji, or empty to take it away"),
});

const thirtyDaysMs = 30 * 24 * 3_600_000;

/** A reaction to a message we do not know, or older than 30 days, is accepted and fails later. */
export const checkReaction: MessageCheck = (content, { graph, number }) => {
  const { message_id } = parseParameter(reactionSchema, content, "reaction");
  const inbound = graph.world.inbound.get(message_id);
  const outbound = graph.world.messages.get(message_id);
  const target = inbound ?? outbound;
  const atMs = inbound?.atMs ?? outbound?.acceptedAtMs ?? 0;
  const known = target?.phoneNumberId === number.id && graph.clock.nowMs() - atMs <= thirtyDaysMs;
  return {
    statuses: "sent-only",
    failsWith: known
      ? undefined
      : { code: 131009, details: "The message to react to does not exist or is older than 30 days" },
  };
};
