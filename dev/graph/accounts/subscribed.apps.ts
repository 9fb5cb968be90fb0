/** `/{waba_id}/subscribed_apps`: without it no webhook of the WABA is sent. */
import { type Answer, jsonObject, ok } from "../http/exchange";
import type { WabaCall } from "../http/node.routes";
import { overrideSchema, verifiedOverride } from "./callback.override";
import { takeManagementCall } from "./management.limit";

/** Subscribes; with a body sets the WABA's own callback, without one removes it. */
export async function subscribeApp({ graph, node, exchange }: WabaCall): Promise<Answer> {
  takeManagementCall(graph, node.id);
  node.callback = await verifiedOverride(graph, overrideSchema.parse(jsonObject(exchange)));
  node.subscribed = true;
  return ok({ success: true });
}

export function subscribedApps({ graph, node }: WabaCall): Answer {
  const [number] = graph.world.numbersOf(node.id);
  if (!node.subscribed || !number) return ok({ data: [] });
  return ok({
    data: [
      {
        whatsapp_business_api_data: {
          id: number.app.id,
          name: "ECOD simulator",
          link: "https://app.example/",
        },
        ...(node.callback ? { override_callback_uri: node.callback.url } : {}),
      },
    ],
  });
}

export function unsubscribeApp({ node }: WabaCall): Answer {
  node.subscribed = false;
  return ok({ success: true });
}
