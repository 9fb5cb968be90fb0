import * as z from "zod";
import type { MessageKindMapper } from "../message.kind";

const buttonSchema = z.looseObject({ payload: z.string().optional(), text: z.string() });

/** A tap on a quick reply of a template. */
export const buttonKind: MessageKindMapper = (object) => {
  const button = buttonSchema.safeParse(object).data;
  return button && { kind: "button", text: button.text, content: { payload: button.payload ?? button.text } };
};
