/**
 * Meta's webhook envelope, read only as deep as routing needs. Everything below is the worker's business, so that a
 * change at Meta never loses a message at the door.
 * @see https://developers.facebook.com/docs/whatsapp/cloud-api/webhooks/components
 */
import * as z from "zod";

/** What a delivery is taken apart into. */
export const webhookItemKinds = ["message", "status", "echo", "other"] as const;
export type WebhookItemKind = (typeof webhookItemKinds)[number];

/** Ids are digits in text; some senders of old payloads write numbers. */
const idSchema = z.union([z.string().max(512), z.number().transform(String)]);

export const webhookEnvelopeSchema = z.looseObject({
  object: z.string().optional(),
  // Each entry and change is parsed by itself, so that one odd item costs only itself.
  entry: z.array(z.unknown()),
});

export const webhookEntrySchema = z.looseObject({
  id: idSchema,
  time: z.union([z.number(), z.string()]).optional(),
  changes: z.array(z.unknown()),
});

export const webhookChangeSchema = z.looseObject({
  field: z.string().min(1).max(128),
  value: z.looseObject({
    metadata: z.looseObject({ phone_number_id: idSchema }).optional().catch(undefined),
    waba_info: z.looseObject({ waba_id: idSchema }).optional().catch(undefined),
    contacts: z.array(z.unknown()).optional().catch(undefined),
    messages: z.array(z.unknown()).optional().catch(undefined),
    statuses: z.array(z.unknown()).optional().catch(undefined),
    message_echoes: z.array(z.unknown()).optional().catch(undefined),
  }),
});

/** What identifies one message; the rest of it is parsed when it is processed. */
export const messageIdentitySchema = z.looseObject({
  id: z.string().min(1).max(512),
  type: z.unknown(),
  from: idSchema.optional().catch(undefined),
  from_user_id: z.string().optional().catch(undefined),
  to: idSchema.optional().catch(undefined),
  to_user_id: z.string().optional().catch(undefined),
});

/** What identifies one status. */
export const statusIdentitySchema = z.looseObject({
  id: z.string().min(1).max(512),
  status: z.string().min(1).max(64),
  recipient_id: idSchema.optional(),
  recipient_user_id: z.string().optional(),
  recipient_participant_id: idSchema.optional(),
  recipient_participant_user_id: z.string().optional(),
});

export const contactIdentitySchema = z.looseObject({
  wa_id: idSchema.optional(),
  user_id: z.string().optional(),
});

/** Unix seconds as text or number. */
export const metaTimestampSchema = z
  .union([z.string().regex(/^\d{9,11}(\.\d+)?$/), z.number().int().positive()])
  .transform((seconds) => new Date(Math.floor(Number(seconds)) * 1000));
