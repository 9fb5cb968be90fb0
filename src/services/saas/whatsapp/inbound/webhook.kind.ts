import type { TenantContext } from "../../../../lib/context/tenant.context";
import type { WebhookEventRecord } from "../../../../model/saas/webhook.event.schema";

/** What became of a stored item. `parked` stays `received` and is tried again when what it waits for appears. */
export type InboundOutcome =
  | { readonly state: "processed" }
  | { readonly state: "ignored" | "parked"; readonly reason: string };

/** One kind of webhook item. Handling it twice, or in any order with others, ends the same. */
export interface WebhookKind {
  readonly name: string;
  matches(event: Pick<WebhookEventRecord, "kind" | "field">): boolean;
  handle(ctx: TenantContext, event: WebhookEventRecord): Promise<InboundOutcome>;
}

export const processed: InboundOutcome = { state: "processed" };

export function ignored(reason: string): InboundOutcome {
  return { state: "ignored", reason };
}
