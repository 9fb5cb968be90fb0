/** What became of webhooks, for the platform team: never what stands in them. */
import { trusted } from "mongoose";
import type {
  ListQuarantine,
  ListWebhookEvents,
  QuarantineView,
  WebhookEventView,
} from "../../../contracts/webhook.event.contract";
import type { PlatformContext } from "../../../lib/context/tenant.context";
import { getCentralModels } from "../../../lib/db/get.central.models";
import { type Page, pageOf } from "../../../lib/query/page";
import { type CrmModels, getCrmModels } from "../../../lib/tenant/get.crm.model";
import { withTenant } from "../../../lib/tenant/tenant.registry";
import type { QuarantineRecord } from "../../../model/clients/platform.schema";
import type { WebhookEventRecord } from "../../../model/saas/webhook.event.schema";
import { admitToClient } from "../../clients/platform.gate";

const newestFirst = { _id: -1 } as const;

/**
 * A tenant's webhook items, newest first.
 * @throws AppError not-found without such a tenant, invalid-cursor, tenant-database-unavailable
 */
export async function listWebhookEvents(
  ctx: PlatformContext,
  query: ListWebhookEvents,
): Promise<Page<WebhookEventView>> {
  const clientCode = await admitToClient(ctx, query.clientCode, { action: "webhooks.list" });
  const page = await withTenant(
    clientCode,
    async () => {
      const models = await getCrmModels(clientCode);
      return pageOf({ clientCode }, models.WebhookEvent, {
        route: "listWebhookEvents",
        query,
        filter: await filterOf(models, query),
        sort: newestFirst,
      });
    },
    { evenSuspended: true },
  );
  return { ...page, data: page.data.map(toView) };
}

/** Such that an index serves it: by the keys a message can have, or by the index of those with a reason. */
async function filterOf({ Connection }: CrmModels, { state, messageId }: ListWebhookEvents) {
  const byState = state === undefined ? {} : { state, ...(ofReason(state) ? { reason: hasReason() } : {}) };
  if (messageId === undefined) return byState;
  const numbers = await Connection.find({}).select({ phoneNumberId: 1 }).lean();
  const asMessage = numbers.map(({ phoneNumberId }) => `m:${phoneNumberId}:${messageId}`);
  const statuses = `s:${messageId}:`;
  return {
    ...byState,
    $or: [
      { dedupeKey: trusted({ $in: asMessage }) },
      // ';' is the next character after ':'
      { dedupeKey: trusted({ $gte: statuses, $lt: `s:${messageId};` }) },
    ],
  };
}

const hasReason = () => trusted({ $gt: "" });
const ofReason = (state: WebhookEventRecord["state"]): boolean => state === "ignored" || state === "failed";

function toView(row: WebhookEventRecord): WebhookEventView {
  return {
    id: row._id.toHexString(),
    key: shownKey(row),
    field: row.field,
    kind: row.kind,
    wabaId: row.wabaId,
    phoneNumberId: row.phoneNumberId,
    state: row.state,
    reason: row.reason,
    attempts: row.attempts,
    receivedAt: row.receivedAt.toISOString(),
    processedAt: row.processedAt?.toISOString() ?? null,
    requestId: row.requestId,
  };
}

/** Without a status's recipient, who is a person. */
function shownKey({ kind, dedupeKey }: WebhookEventRecord): string {
  return kind === "status" ? dedupeKey.slice(0, dedupeKey.lastIndexOf(":")) : dedupeKey;
}

/** What waits in quarantine or came out of it, newest first. @throws AppError invalid-cursor */
export async function listQuarantine(query: ListQuarantine): Promise<Page<QuarantineView>> {
  const { Quarantine } = await getCentralModels();
  const page = await pageOf({ clientCode: null }, Quarantine, {
    route: "listQuarantine",
    query,
    filter: query.state === undefined ? {} : { state: query.state },
    sort: newestFirst,
  });
  return { ...page, data: page.data.map(toQuarantineView) };
}

function toQuarantineView(row: QuarantineRecord): QuarantineView {
  return {
    id: row._id.toHexString(),
    reason: row.reason,
    clientCode: row.clientCode,
    endpointId: row.endpointId,
    routeKey: row.routeKey,
    state: row.state,
    receivedAt: row.receivedAt.toISOString(),
    expireAt: row.expireAt.toISOString(),
    requestId: row.requestId,
  };
}
