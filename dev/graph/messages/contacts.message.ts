import * as z from "zod";
import { parseParameter } from "./parameter";
import type { MessageCheck } from "./send.context";

const typed = { type: z.string().optional() };

const contactSchema = z.strictObject({
  name: z
    .strictObject({
      formatted_name: z.string().min(1),
      first_name: z.string().optional(),
      last_name: z.string().optional(),
      middle_name: z.string().optional(),
      suffix: z.string().optional(),
      prefix: z.string().optional(),
    })
    .refine((name) => Object.values(name).filter(Boolean).length >= 2, {
      message:
        "needs at least one of first_name, last_name, middle_name, suffix, prefix beside formatted_name",
    }),
  phones: z
    .array(z.strictObject({ ...typed, phone: z.string().optional(), wa_id: z.string().optional() }))
    .optional(),
  emails: z.array(z.strictObject({ ...typed, email: z.string() })).optional(),
  addresses: z
    .array(
      z.strictObject({
        ...typed,
        street: z.string().optional(),
        city: z.string().optional(),
        state: z.string().optional(),
        zip: z.string().optional(),
        country: z.string().optional(),
        country_code: z.string().optional(),
      }),
    )
    .optional(),
  org: z
    .strictObject({
      company: z.string().optional(),
      department: z.string().optional(),
      title: z.string().optional(),
    })
    .optional(),
  urls: z.array(z.strictObject({ ...typed, url: z.string() })).optional(),
  birthday: z
    .string()
    .regex(/^\d{4}-\d{2}-\d{2}$/, "must be YYYY-MM-DD")
    .optional(),
});

export const checkContacts: MessageCheck = (content) => {
  parseParameter(z.array(contactSchema).min(1).max(257), content, "contacts");
  return {};
};
