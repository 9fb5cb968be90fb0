/** What `POST /_sim/inbound` takes. */
import * as z from "zod";

const digits = z
  .string()
  .transform((text) => text.replace(/\D/g, ""))
  .pipe(z.string().regex(/^\d{5,20}$/, "must be a phone number"));

/** Unix seconds, or an RFC 3339 time. */
const time = z.union([
  z.int().min(0),
  z.iso.datetime({ offset: true }).transform((text) => Math.floor(Date.parse(text) / 1000)),
]);

export const inboundSchema = z.strictObject({
  phoneNumberId: z.string().describe("The business number that is written to"),
  from: digits.optional().describe("Phone of the customer; leave it out for one known by userId only"),
  waId: digits.optional().describe("When the WhatsApp id is not the phone, as in Brazil"),
  name: z.string().optional().describe("Profile name; [the last one]"),
  userId: z.string().min(1).optional().describe("Business-scoped user id; [made up from the phone]"),
  username: z.string().optional(),
  groupId: z.string().optional(),
  type: z.string().min(1).default("text"),
  id: z.string().min(1).optional().describe("wamid; [made up]. The same id again is a duplicate"),
  timestamp: time.optional().describe("[now]"),
  context: z
    .strictObject({
      messageId: z.string().optional(),
      from: z.string().optional(),
      forwarded: z.boolean().optional(),
      frequentlyForwarded: z.boolean().optional(),
      referredProduct: z.strictObject({ catalogId: z.string(), productRetailerId: z.string() }).optional(),
    })
    .optional(),
  referral: z
    .record(z.string(), z.unknown())
    .optional()
    .describe("As Meta writes it, for click-to-WhatsApp ads"),
  content: z
    .unknown()
    .optional()
    .describe("What stands under the type's key, as Meta writes it; wins over the fields below"),
  text: z.string().optional(),
  mediaId: z.string().optional(),
  mediaBase64: z.base64().optional(),
  mimeType: z.string().optional(),
  filename: z.string().optional(),
  caption: z.string().optional(),
  voice: z.boolean().optional(),
  animated: z.boolean().optional(),
  latitude: z.number().optional(),
  longitude: z.number().optional(),
  locationName: z.string().optional(),
  address: z.string().optional(),
  contacts: z.array(z.unknown()).optional(),
  payload: z.string().optional().describe("Of a template's quick reply; `text` is its label"),
  reply: z
    .strictObject({
      kind: z.enum(["button", "list"]),
      id: z.string(),
      title: z.string(),
      description: z.string().optional(),
    })
    .optional()
    .describe("For type interactive"),
  reaction: z
    .strictObject({
      messageId: z.string(),
      emoji: z.string().optional().describe("Leave it out to remove the reaction"),
    })
    .optional(),
  errors: z.array(z.record(z.string(), z.unknown())).optional(),
});

export type InboundControl = z.infer<typeof inboundSchema>;

/** Many messages in one POST. */
export const inboundBatchSchema = z.strictObject({ batch: z.array(inboundSchema).min(1).max(1000) });
