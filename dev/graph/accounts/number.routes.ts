/** A phone number as an object: what it says of itself, its registration, its own callback. */
import * as z from "zod";
import { GraphError } from "../errors/graph.error";
import { type Answer, jsonObject, ok } from "../http/exchange";
import { pickFields } from "../http/fields";
import type { NumberCall } from "../http/node.routes";
import type { PhoneNumber } from "../state/world";
import { overrideSchema, verifiedOverride } from "./callback.override";

const defaultFields = ["verified_name", "code_verification_status", "display_phone_number", "quality_rating"];

export function describeNumber(number: PhoneNumber): Record<string, unknown> {
  return {
    id: number.id,
    verified_name: number.verifiedName,
    display_phone_number: `+${number.display}`,
    code_verification_status: "VERIFIED",
    name_status: "APPROVED",
    platform_type: "CLOUD_API",
    quality_rating: number.quality,
    status: number.registered ? "CONNECTED" : "DISCONNECTED",
    throughput: { level: number.throughput },
    whatsapp_business_manager_messaging_limit: number.messagingLimit,
    is_official_business_account: false,
    webhook_configuration: {
      ...(number.callback ? { phone_number: number.callback.url } : {}),
      ...(number.app.webhookUrl === undefined ? {} : { application: number.app.webhookUrl }),
    },
  };
}

/** `GET /{phone_number_id}?fields=` */
export function numberInfo({ node, exchange }: NumberCall): Answer {
  return ok(pickFields(describeNumber(node), exchange.query.get("fields"), defaultFields));
}

const configurationSchema = z.looseObject({ webhook_configuration: overrideSchema });

/** `POST /{phone_number_id}`: sets or, with an empty address, removes the number's own callback. */
export async function configureNumber({ graph, node, exchange }: NumberCall): Promise<Answer> {
  const parsed = configurationSchema.safeParse(jsonObject(exchange));
  if (!parsed.success)
    throw new GraphError(100, { details: "webhook_configuration is missing or malformed" });
  node.callback = await verifiedOverride(graph, parsed.data.webhook_configuration);
  return ok({ success: true });
}

const pinSchema = z.looseObject({
  messaging_product: z.literal("whatsapp"),
  pin: z.string().regex(/^\d{6}$/),
});

/** `POST /{phone_number_id}/register` */
export function registerNumber({ node, exchange }: NumberCall): Answer {
  const parsed = pinSchema.safeParse(jsonObject(exchange));
  if (!parsed.success)
    throw new GraphError(100, { details: "messaging_product and a pin of six digits are needed" });
  node.registered = true;
  return ok({ success: true });
}

/** `POST /{phone_number_id}/deregister`: after it every send is 133010. */
export function deregisterNumber({ node }: NumberCall): Answer {
  node.registered = false;
  return ok({ success: true });
}
