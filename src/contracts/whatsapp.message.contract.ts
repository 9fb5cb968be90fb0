/**
 * Meta's inbound messages and statuses as far as we read them: strict in what we use, tolerant of the rest.
 * @see https://developers.facebook.com/docs/whatsapp/cloud-api/webhooks/payload-examples
 */
import * as z from "zod";
import { metaTimestampSchema } from "./whatsapp.webhook.contract";

const idSchema = z.union([z.string().min(1).max(512), z.number().transform(String)]);

export const contactSchema = z.looseObject({
  wa_id: idSchema.optional().catch(undefined),
  user_id: z.string().min(1).max(256).optional().catch(undefined),
  profile: z
    .looseObject({
      name: z.string().optional().catch(undefined),
      username: z.string().optional().catch(undefined),
    })
    .optional()
    .catch(undefined),
});

export const inboundMessageSchema = z.looseObject({
  id: z.string().min(1).max(512),
  from: idSchema.optional().catch(undefined),
  from_user_id: z.string().min(1).max(256).optional().catch(undefined),
  to: idSchema.optional().catch(undefined),
  to_user_id: z.string().min(1).max(256).optional().catch(undefined),
  group_id: idSchema.optional().catch(undefined),
  timestamp: metaTimestampSchema.optional().catch(undefined),
  type: z.string().min(1).max(64).catch("unknown"),
  context: z
    .looseObject({ id: z.string().optional().catch(undefined) })
    .optional()
    .catch(undefined),
  referral: z.record(z.string(), z.unknown()).optional().catch(undefined),
});
export type InboundMessageHead = z.output<typeof inboundMessageSchema>;

/** The stored form of one message with its surroundings. */
export const messageItemSchema = z.object({
  metadata: z.looseObject({ phone_number_id: idSchema }),
  contact: contactSchema.optional().catch(undefined),
  message: z.record(z.string(), z.unknown()),
});

const errorSchema = z.looseObject({
  code: z.coerce.number().int(),
  title: z.string().optional().catch(undefined),
  message: z.string().optional().catch(undefined),
  error_data: z.looseObject({ details: z.string().optional() }).optional().catch(undefined),
});

const statusSchema = z.looseObject({
  id: z.string().min(1).max(512),
  status: z.string().min(1).max(64),
  timestamp: metaTimestampSchema,
  type: z.string().optional().catch(undefined),
  recipient_type: z.string().optional().catch(undefined),
  biz_opaque_callback_data: z.string().optional().catch(undefined),
  errors: z.array(errorSchema).optional().catch(undefined),
  pricing: z.record(z.string(), z.unknown()).optional().catch(undefined),
});
export type InboundStatus = z.output<typeof statusSchema>;

export const statusItemSchema = z.object({
  metadata: z.looseObject({ phone_number_id: idSchema }),
  status: statusSchema,
});

/** The stored form of every other change. */
export const otherItemSchema = z.object({
  field: z.string(),
  wabaId: z.string(),
  time: z.string(),
  value: z.record(z.string(), z.unknown()),
});

/** What a person chose about marketing messages. */
export const userPreferenceSchema = z.looseObject({
  wa_id: idSchema.optional().catch(undefined),
  user_id: z.string().min(1).max(256).optional().catch(undefined),
  category: z.string(),
  value: z.enum(["stop", "resume"]),
  timestamp: metaTimestampSchema,
});

/** A person's new user id, which comes with a new phone number. */
export const userIdUpdateSchema = z.looseObject({
  wa_id: idSchema.optional().catch(undefined),
  user_id: z.looseObject({
    previous: z.string().min(1).max(256).optional().catch(undefined),
    current: z.string().min(1).max(256),
  }),
  timestamp: metaTimestampSchema,
});

/**
 * A notice that the person has another number or user id now; older payloads have other names for the same.
 * @see https://developers.facebook.com/documentation/business-messaging/whatsapp/webhooks/reference/messages/system
 */
export const systemNoticeSchema = z.looseObject({
  type: z.string().optional().catch(undefined),
  wa_id: idSchema.optional().catch(undefined),
  new_wa_id: idSchema.optional().catch(undefined),
  user_id: z.string().min(1).max(256).optional().catch(undefined),
});
