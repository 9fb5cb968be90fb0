import * as z from "zod";
import type { MessageKindMapper } from "../message.kind";

const orderSchema = z.looseObject({
  text: z.string().optional().catch(undefined),
  product_items: z.array(z.record(z.string(), z.unknown())).default([]),
});

export const orderKind: MessageKindMapper = (object) => {
  const order = orderSchema.safeParse(object).data;
  return order && { kind: "order", text: order.text ?? null, content: { order } };
};
