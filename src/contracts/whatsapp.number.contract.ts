/** WhatsApp numbers and Meta apps of clients, as the platform's administration connects them. */
import * as z from "zod";
import { objectIdSchema, timestampSchema } from "./common.contract";

const metaId = z.string().regex(/^\d{5,20}$/, "must be the digits that Meta shows");
const appSecret = z
  .string()
  .regex(/^[\x21-\x7e]{8,200}$/, "must be the app secret that Meta shows")
  .meta({ description: "Secret of the client's own Meta app; it is sealed.", example: "0123456789abcdef" });
const endpointId = z
  .string()
  .regex(/^[0-9a-f]{24}$/, "must be an endpoint's id")
  .meta({ description: "Endpoint of the client's own Meta app.", example: "66f0c0ffee66f0c0ffee66f0" });

export const connectNumberSchema = z.strictObject({
  phoneNumberId: metaId.meta({ description: "Meta's id of the number.", example: "900100200300400" }),
  wabaId: metaId.meta({ description: "Meta's id of the WhatsApp account.", example: "800100200300400" }),
  token: z.string().min(1).max(1_000).meta({
    description: "Access token with messaging and management permissions; it is sealed.",
    example: "EAAG...",
  }),
  endpointId: endpointId.optional(),
});

export const connectedNumberSchema = z
  .object({
    connectionId: objectIdSchema.meta({ description: "The number's id in the tenant." }),
    displayPhoneNumber: z.string().meta({ description: "The number itself.", example: "+1 555-000-1111" }),
    verifiedName: z
      .string()
      .nullable()
      .meta({ description: "The name that people see; null: Meta tells none.", example: "Acme" }),
    isDefault: z.boolean().meta({ description: "Whether it is written from when none is named." }),
    missing: z
      .array(z.string())
      .meta({ description: "What Meta still wants, in sentences; empty: nothing." }),
  })
  .meta({ id: "ConnectedNumber" });

export const newEndpointSchema = z.strictObject({ appSecret });
export const numberParams = z.strictObject({
  clientCode: z.string().max(64).meta({ description: "Short name of the client.", example: "demo" }),
  phoneNumberId: metaId.meta({ description: "Meta's id of the number.", example: "900100200300400" }),
});
export const endpointParams = z.strictObject({
  clientCode: z.string().max(64).meta({ description: "Short name of the client.", example: "demo" }),
  endpointId,
});

export const endpointSchema = z
  .object({
    endpointId,
    clientCode: z.string().meta({ description: "Short name of the client.", example: "demo" }),
    path: z.string().meta({ description: "Where its webhooks go, behind this API's address." }),
    createdAt: timestampSchema,
    rotatedAt: timestampSchema
      .nullable()
      .meta({ description: "When its secret was last replaced; null: never." }),
  })
  .meta({ id: "WhatsAppEndpoint" });
export const createdEndpointSchema = endpointSchema
  .extend({ verifyToken: z.string().meta({ description: "To enter at Meta; shown this once." }) })
  .meta({ id: "CreatedWhatsAppEndpoint" });
export const endpointsSchema = z
  .object({ data: z.array(endpointSchema).meta({ description: "Every one of the client." }) })
  .meta({ id: "WhatsAppEndpoints" });
