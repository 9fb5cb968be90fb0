import * as z from "zod";
import type { MessageKindMapper } from "../message.kind";

const reactionSchema = z.looseObject({ message_id: z.string().min(1), emoji: z.string().default("") });

/** A reaction, or with no emoji the removal of one. */
export const reactionKind: MessageKindMapper = (object) => {
  const reaction = reactionSchema.safeParse(object).data;
  if (!reaction) return undefined;
  const { emoji, message_id } = reaction;
  return { kind: "reaction", text: emoji || null, content: { emoji }, replyTo: message_id };
};
