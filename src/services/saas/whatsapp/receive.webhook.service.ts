import { env } from "../../../lib/env/env";
import { rootLogger } from "../../../lib/log/logger";
import { checkSignature, type SignatureCheck } from "../../../lib/whatsapp/signature";
import { defaultEndpointId, readEndpoint } from "./endpoint.service";
import { type QuarantineEntry, quarantine } from "./quarantine.service";
import { type Reception, recordWebhookItems } from "./record.webhook.service";
import { type RoutedWebhook, routeItems } from "./route.webhook";
import { splitWebhook } from "./split.webhook";

export interface WebhookDelivery {
  readonly rawBody: Buffer;
  /** `X-Hub-Signature-256`. */
  readonly signature: string | undefined;
  /** The Meta app whose secret must have signed. */
  readonly endpointId: string;
  readonly reception: Reception;
}

export type WebhookOutcome =
  /** Everything is stored with majority: answer 200. */
  | { readonly kind: "stored"; readonly items: number; readonly quarantined: number }
  /** Nothing was stored: answer 401. */
  | { readonly kind: "refused"; readonly reason: Exclude<SignatureCheck, "ok"> }
  /** Some of it could be stored nowhere: answer 503, and Meta delivers all of it again, which is harmless. */
  | { readonly kind: "not_stored" };

/** From Meta's bytes to stored rows with their jobs. Processing comes later, in the worker. */
export async function receiveWebhook(delivery: WebhookDelivery): Promise<WebhookOutcome> {
  const { rawBody, endpointId, reception } = delivery;
  const check = checkSignature(rawBody, delivery.signature, await appSecrets(endpointId));
  if (check !== "ok") return { kind: "refused", reason: check };
  const { items, unreadable } = splitWebhook(rawBody);
  try {
    const { byTenant, astray } = await routeItems(items, endpointId);
    const late = await recordByTenant(byTenant, endpointId, reception);
    const entries = [...astray, ...late, ...unreadableEntry(unreadable, endpointId)];
    await Promise.all(entries.map((entry) => quarantine(entry, reception)));
    reportAstray(astray, reception);
    return { kind: "stored", items: items.length, quarantined: entries.length };
  } catch (error) {
    rootLogger().error("A webhook could not be stored.", { requestId: reception.requestId }, error);
    return { kind: "not_stored" };
  }
}

/** Current secret first, previous one after it while it is being rotated. */
async function appSecrets(endpointId: string): Promise<readonly string[]> {
  if (endpointId !== defaultEndpointId) return (await readEndpoint(endpointId))?.appSecrets ?? [];
  return env()
    .WHATSAPP_APP_SECRET.split(",")
    .map((secret) => secret.trim())
    .filter((secret) => secret !== "");
}

/** Stores every tenant's part, side by side. @returns the parts whose database did not answer. */
async function recordByTenant(
  byTenant: RoutedWebhook["byTenant"],
  endpointId: string,
  reception: Reception,
): Promise<QuarantineEntry[]> {
  const late = await Promise.all(
    [...byTenant].map(async ([clientCode, items]): Promise<QuarantineEntry[]> => {
      const outcome = await recordWebhookItems(clientCode, items, { ...reception, endpointId });
      if (outcome === "recorded") return [];
      return [{ reason: "tenant_unavailable", clientCode, routeKey: null, endpointId, items }];
    }),
  );
  return late.flat();
}

function unreadableEntry(unreadable: readonly string[], endpointId: string): QuarantineEntry[] {
  if (unreadable.length === 0) return [];
  return [{ reason: "unreadable", clientCode: null, routeKey: null, endpointId, items: [], unreadable }];
}

function reportAstray(astray: readonly QuarantineEntry[], { requestId }: Reception): void {
  for (const { reason, routeKey, items } of astray) {
    rootLogger().warn("Webhook items have no tenant here; they are kept in quarantine.", {
      requestId,
      reason,
      routeKey,
      items: items.length,
    });
  }
}
