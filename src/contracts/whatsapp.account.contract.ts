/**
 * What Meta tells of accounts and numbers, as far as it is used.
 * @see https://developers.facebook.com/documentation/business-messaging/whatsapp/webhooks/reference/account_update
 */
import * as z from "zod";

const word = z
  .union([z.string().max(200), z.number().transform(String)])
  .optional()
  .catch(undefined);
const idText = z
  .union([z.string().max(64), z.number().transform(String)])
  .optional()
  .catch(undefined);

export const accountValueSchema = z.looseObject({
  event: word,
  decision: word,
  display_phone_number: idText,
  requested_verified_name: z.string().max(512).optional().catch(undefined),
  rejection_reason: word,
  current_limit: word,
  max_daily_conversations_per_business: word,
  max_daily_conversation_per_phone: word,
  restriction_info: z
    .array(z.looseObject({ restriction_type: word }))
    .optional()
    .catch(undefined),
  violation_info: z.looseObject({ violation_type: word }).optional().catch(undefined),
  ban_info: z.looseObject({ waba_ban_state: word }).optional().catch(undefined),
  entity_type: word,
  entity_id: idText,
  alert_info: z
    .looseObject({ alert_severity: word, alert_status: word, alert_type: word })
    .optional()
    .catch(undefined),
});
export type AccountValue = z.output<typeof accountValueSchema>;

/** A problem of the app or the number that comes instead of messages. */
export const valueErrorsSchema = z.looseObject({
  errors: z.array(z.looseObject({ code: z.coerce.number().int() })).min(1),
});
