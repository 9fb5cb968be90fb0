import * as z from "zod";
import type { MessageKindMapper } from "../message.kind";

const contactsSchema = z
  .array(z.looseObject({ name: z.looseObject({ formatted_name: z.string() }).optional().catch(undefined) }))
  .min(1);

/** Address cards; an array under the type's name. */
export const contactsKind: MessageKindMapper = (object) => {
  const contacts = contactsSchema.safeParse(object).data;
  if (!contacts) return undefined;
  const names = contacts.flatMap(({ name }) => name?.formatted_name ?? []);
  return { kind: "contacts", text: names.join(", ") || null, content: { contacts } };
};
