import * as z from "zod";
import type { MessageKindMapper } from "../message.kind";

const editSchema = z.looseObject({
  original_message_id: z.string().min(1).max(512),
  message: z.looseObject({ type: z.string(), text: z.looseObject({ body: z.string() }).optional() }),
});
const captionSchema = z.looseObject({ caption: z.string().optional().catch(undefined) });
const revokeSchema = z.looseObject({ original_message_id: z.string().min(1).max(512) });

/** The new wording of a text, or the new caption of a medium. */
export const editKind: MessageKindMapper = (object) => {
  const edit = editSchema.safeParse(object).data;
  if (!edit) return undefined;
  const { original_message_id: replyTo, message } = edit;
  const text = message.text?.body ?? captionSchema.safeParse(message[message.type]).data?.caption ?? null;
  return { kind: "edit", text, content: null, replyTo };
};

/** A message deleted for everyone. */
export const revokeKind: MessageKindMapper = (object) => {
  const revoke = revokeSchema.safeParse(object).data;
  return revoke && { kind: "revoke", text: null, content: null, replyTo: revoke.original_message_id };
};
