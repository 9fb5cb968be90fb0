/** A WhatsApp Business Account as an object, and its numbers. */
import { type Answer, ok } from "../http/exchange";
import { pickFields } from "../http/fields";
import type { WabaCall } from "../http/node.routes";
import { pageOf } from "../http/paging";
import { takeManagementCall } from "./management.limit";
import { describeNumber } from "./number.routes";

const defaultFields = ["name", "timezone_id", "message_template_namespace"];
const numberFields = [
  "verified_name",
  "code_verification_status",
  "display_phone_number",
  "quality_rating",
  "platform_type",
  "throughput",
  "webhook_configuration",
];

/** `GET /{waba_id}?fields=` */
export function wabaInfo({ graph, node, exchange }: WabaCall): Answer {
  const [number] = graph.world.numbersOf(node.id);
  const description = {
    id: node.id,
    name: number?.verifiedName ?? "Simulated business",
    timezone_id: "1",
    currency: "USD",
    account_review_status: "APPROVED",
    business_verification_status: "verified",
    message_template_namespace: `namespace_${node.id}`,
  };
  return ok(pickFields(description, exchange.query.get("fields"), defaultFields));
}

/** `GET /{waba_id}/phone_numbers` */
export function listNumbers({ graph, node, exchange }: WabaCall): Answer {
  takeManagementCall(graph, node.id);
  const page = pageOf(graph.world.numbersOf(node.id), ({ id }) => id, exchange, graph.address());
  const data = page.data.map((number) =>
    pickFields(describeNumber(number), exchange.query.get("fields"), numberFields),
  );
  return ok({ ...page, data });
}
