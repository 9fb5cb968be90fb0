/**
 * What Meta's Graph API answers, as far as we read it; all else is let through.
 * @see https://developers.facebook.com/docs/whatsapp/cloud-api/reference
 */
import * as z from "zod";

const idSchema = z.union([z.string().min(1), z.number().transform(String)]);

/** @see https://developers.facebook.com/docs/whatsapp/cloud-api/support/error-codes */
const graphErrorSchema = z.looseObject({
  code: z.coerce.number().int(),
  message: z.string().optional().catch(undefined),
  /** For people; template calls have it. */
  error_user_msg: z.string().optional().catch(undefined),
  error_subcode: z.coerce.number().int().optional().catch(undefined),
  error_data: z.looseObject({ details: z.string().optional() }).optional().catch(undefined),
  fbtrace_id: z.string().optional().catch(undefined),
});
export const graphErrorEnvelopeSchema = z.looseObject({ error: graphErrorSchema });

export const sendAnswerSchema = z.looseObject({
  messages: z
    .array(z.looseObject({ id: z.string().min(1).max(512), message_status: z.string().optional() }))
    .min(1),
  contacts: z
    .array(z.looseObject({ wa_id: z.string().optional(), user_id: z.string().optional() }))
    .optional()
    .catch(undefined),
});

export const uploadAnswerSchema = z.looseObject({ id: idSchema });

export const mediaAnswerSchema = z.looseObject({
  url: z.url(),
  mime_type: z.string().default("application/octet-stream"),
  sha256: z.string().optional().catch(undefined),
  file_size: z.coerce.number().int().nonnegative().optional().catch(undefined),
});

export const successAnswerSchema = z.looseObject({ success: z.boolean() });

export const numberAnswerSchema = z.looseObject({
  id: idSchema,
  display_phone_number: z.string(),
  verified_name: z.string().optional().catch(undefined),
  quality_rating: z.string().optional().catch(undefined),
  name_status: z.string().optional().catch(undefined),
  code_verification_status: z.string().optional().catch(undefined),
  platform_type: z.string().optional().catch(undefined),
  whatsapp_business_manager_messaging_limit: z.string().optional().catch(undefined),
  throughput: z.looseObject({ level: z.string().optional() }).optional().catch(undefined),
});

const pagingSchema = z
  .looseObject({
    cursors: z.looseObject({ after: z.string().optional() }).optional(),
    next: z.string().optional(),
  })
  .optional();

export const numbersPageSchema = z.looseObject({
  data: z.array(z.looseObject({ id: idSchema })),
  paging: pagingSchema,
});

export const graphTemplateSchema = z.looseObject({
  id: idSchema,
  name: z.string().min(1).max(512),
  language: z.string().min(2).max(15),
  status: z.string().min(1),
  category: z.string().default("UNKNOWN"),
  parameter_format: z
    .string()
    .transform((format) => (format.toUpperCase() === "NAMED" ? ("NAMED" as const) : ("POSITIONAL" as const)))
    .default("POSITIONAL"),
  components: z.array(z.record(z.string(), z.unknown())).default([]),
  quality_score: z.looseObject({ score: z.string().optional() }).nullish().catch(undefined),
  rejected_reason: z.string().nullish().catch(undefined),
});
export type GraphTemplate = z.output<typeof graphTemplateSchema>;

export const templateCreatedSchema = z.looseObject({
  id: idSchema,
  status: z.string().optional().catch(undefined),
  category: z.string().optional().catch(undefined),
});

/** One page of templates; each is parsed by itself, so that an odd one costs only itself. */
export const templatesPageSchema = z.looseObject({ data: z.array(z.unknown()), paging: pagingSchema });
