/** API keys as a tenant manages them itself. */
import * as z from "zod";
import { apiKeyViewSchema } from "./client.contract";
import { pageSchema, timestampInputSchema } from "./common.contract";
import { textLine } from "./text.contract";

export const tenantKeySchema = apiKeyViewSchema
  .extend({
    current: z.boolean().meta({ description: "Whether it is the key of this request." }),
    working: z.boolean().meta({ description: "Whether it is neither revoked nor expired." }),
  })
  .meta({ id: "TenantKey", description: "An API key of the tenant, without its secret." });
export type TenantKey = z.input<typeof tenantKeySchema>;

export const tenantKeysSchema = pageSchema(tenantKeySchema);

export const tenantKeyParam = z.strictObject({
  keyId: z.string().max(16).meta({ description: "Public part of the key.", example: "a1B2c3D4" }),
});

export const createTenantKeySchema = z
  .strictObject({
    name: textLine(64).meta({
      description: "What the key is for; unique among working keys.",
      example: "website",
    }),
    scopes: z
      .array(z.string().max(64))
      .min(1)
      .max(100)
      .meta({ description: "What it may do: some of what your own key may.", example: ["leads:read"] }),
    expiresAt: timestampInputSchema.optional().meta({
      description: "When it ends by itself; never after your own key.",
      example: "2030-01-01T00:00:00.000Z",
    }),
  })
  .meta({ id: "TenantKeyInput", example: { name: "website", scopes: ["leads:read"] } });
export type CreateTenantKey = z.output<typeof createTenantKeySchema>;

export const rotateTenantKeySchema = z
  .strictObject({
    overlapHours: z
      .number()
      .min(0)
      .max(168)
      .default(24)
      .meta({ description: "How long the key that is replaced still works, in hours.", example: 24 }),
  })
  .meta({ id: "TenantKeyRotation", example: { overlapHours: 24 } });
