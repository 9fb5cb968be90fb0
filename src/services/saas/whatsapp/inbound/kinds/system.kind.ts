import * as z from "zod";
import type { MessageKindMapper } from "../message.kind";

const systemSchema = z.looseObject({ body: z.string().optional(), type: z.string().optional() });

/** A notice of WhatsApp's about the person, e.g. a new number; nothing the person wrote. */
export const systemKind: MessageKindMapper = (object) => {
  const system = systemSchema.safeParse(object).data;
  return system && { kind: "system", text: system.body ?? null, content: { system } };
};

/** The person opened the chat for the first time; nothing stands under the type. */
export const requestWelcomeKind: MessageKindMapper = () => ({
  kind: "system",
  text: null,
  content: { system: { type: "request_welcome" } },
});
