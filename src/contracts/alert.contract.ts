/** What a person of the platform team must look at. */
import * as z from "zod";
import { clientCodeSchema, objectIdSchema, pageQuery, timestampSchema } from "./common.contract";

const alertStateSchema = z
  .enum(["open", "closed"])
  .meta({ description: "Closed when its cause is gone, or by a person.", example: "open" });
const codeSchema = z
  .string()
  .regex(/^[a-z0-9-]{1,64}$/, "must be an alert's code")
  .meta({ description: "Kind of alert.", example: "whatsapp-number-paused" });

export const alertSchema = z
  .object({
    id: objectIdSchema,
    clientCode: z.string().nullable().meta({ description: "The tenant it is about.", example: "demo" }),
    code: z.string().meta({ description: "Kind of alert.", example: "whatsapp-number-paused" }),
    ref: z.string().meta({
      description: "What it is about, e.g. a number's id here.",
      example: "66f0c0ffee66f0c0ffee66f0",
    }),
    detail: z.string().meta({ description: "What happened and what to do." }),
    state: alertStateSchema,
    count: z.number().int().meta({ description: "How often it happened while it was open.", example: 3 }),
    firstAt: timestampSchema,
    lastAt: timestampSchema,
  })
  .meta({ id: "Alert", description: "One per tenant, kind and subject while it is open." });
export type Alert = z.output<typeof alertSchema>;

export const alertListQuerySchema = z.strictObject({
  ...pageQuery,
  state: alertStateSchema.default("open"),
  clientCode: clientCodeSchema.optional().meta({ description: "Only of this tenant.", example: "demo" }),
  code: codeSchema.optional(),
});
export type AlertListQuery = z.output<typeof alertListQuerySchema>;

export const alertParam = z.strictObject({ id: objectIdSchema });
