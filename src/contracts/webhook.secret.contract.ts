/** The secret that a tenant's webhooks are signed with, at the only moment it is shown. */
import * as z from "zod";
import { timestampSchema } from "./common.contract";

export const shownWebhookSecretSchema = z
  .object({
    secret: z.string().meta({
      description: "`whsec_` and the key in base64. It is shown this once and cannot be read again.",
    }),
    previousUntil: timestampSchema.nullable().meta({
      description: "So long the secret before signs beside it; null when there was none.",
    }),
  })
  .meta({ id: "NewWebhookSecret", description: "A new secret, shown once." });
