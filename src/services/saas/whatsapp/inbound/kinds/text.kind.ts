import * as z from "zod";
import type { MessageKindMapper } from "../message.kind";

const textSchema = z.looseObject({ body: z.string() });

export const textKind: MessageKindMapper = (object) => {
  const text = textSchema.safeParse(object).data;
  return text && { kind: "text", text: text.body, content: null };
};
