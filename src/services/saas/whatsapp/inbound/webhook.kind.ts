import type { TenantContext } from "../../../../lib/context/tenant.context";
import type { WebhookEventRecord } from "../../../../model/saas/webhook.event.schema";

/** What became of a stored item. `parked` stays `received` and is tried again when what it waits for appears. */
export type InboundOutcome =
  | { readonly state: "processed" }
  | { readonly state: "ignored"; readonly reason: string }
  | { readonly state: "parked"; readonly reason: string; readonly waitsFor: readonly string[] };

/** One kind of webhook item. Handling it twice, or in any order with others, ends the same. */
export interface WebhookKind {
  readonly name: string;
  matches(event: Pick<WebhookEventRecord, "kind" | "field">): boolean;
  handle(ctx: TenantContext, event: WebhookEventRecord): Promise<InboundOutcome>;
}

/** What has not appeared by then, never will: it is of another system that uses the same number. */
export const patienceMs = 24 * 60 * 60_000;

/** Lets an item wait for one of these keys to appear, until its time is over. */
export function parked(
  ctx: TenantContext,
  event: WebhookEventRecord,
  wait: { readonly for: readonly string[]; readonly because: string; readonly inVain: string },
): InboundOutcome {
  return ctx.now().getTime() - event.receivedAt.getTime() < patienceMs
    ? { state: "parked", reason: wait.because, waitsFor: wait.for }
    : ignored(wait.inVain);
}

export const processed: InboundOutcome = { state: "processed" };

export function ignored(reason: string): InboundOutcome {
  return { state: "ignored", reason };
}
