/** What came from Meta and is not used, counted, so that nobody has to guess what passes them by. */
import type { PipelineStage } from "mongoose";
import type { UnusedKind, UnusedKindsQuery } from "../../../contracts/connection.contract";
import type { TenantContext } from "../../../lib/context/tenant.context";
import { getCrmModels } from "../../../lib/tenant/get.crm.model";
import type { WebhookEventRecord } from "../../../model/saas/webhook.event.schema";
import { messageKinds } from "./inbound/kinds";

const mostKinds = 100;

interface Group {
  _id: Pick<WebhookEventRecord, "state" | "field" | "what">;
  count: number;
  lastAt: Date;
}

/** Counts by outcome, field and word, the most frequent first. Counted from keys of one index. */
export async function unusedKinds(ctx: TenantContext, { since }: UnusedKindsQuery): Promise<UnusedKind[]> {
  const { WebhookEvent } = await getCrmModels(ctx.clientCode);
  const recent = since === undefined ? {} : { receivedAt: { $gte: new Date(since) } };
  const count = async (match: Record<string, unknown>) => {
    const stages: PipelineStage[] = [
      { $match: { ...match, ...recent } },
      {
        $group: {
          _id: { state: "$state", field: "$field", what: "$what" },
          count: { $sum: 1 },
          lastAt: { $max: "$receivedAt" },
        },
      },
      { $sort: { count: -1, _id: 1 } },
      { $limit: mostKinds },
    ];
    return WebhookEvent.aggregate<Group>(stages);
  };
  const [unused, unsupported] = await Promise.all([
    count({ state: { $in: ["ignored", "failed"] } }),
    count({ state: "processed", field: "messages", what: { $nin: [null, ...knownWords] } }),
  ]);
  const groups = [...unused, ...unsupported].toSorted((a, b) => b.count - a.count).slice(0, mostKinds);
  return Promise.all(groups.map((group) => toKind(ctx, group)));
}

/** Types of messages and words of statuses that have a meaning here. */
const knownWords: readonly string[] = [
  ...messageKinds.keys(),
  "sent",
  "delivered",
  "read",
  "played",
  "failed",
];

async function toKind(ctx: TenantContext, { _id, count, lastAt }: Group): Promise<UnusedKind> {
  const { state, field, what } = _id;
  const kind = { field, what, count, lastAt: lastAt.toISOString() };
  if (state === "processed") return { outcome: "unsupported", ...kind, reason: unsupportedReason };
  const { WebhookEvent } = await getCrmModels(ctx.clientCode);
  const latest = await WebhookEvent.findOne({ state, field, what }).sort({ receivedAt: -1 }).lean();
  return { outcome: state === "failed" ? "failed" : "ignored", ...kind, reason: latest?.reason ?? null };
}

const unsupportedReason =
  "Messages of this type are not understood here; they are kept raw and shown as unsupported.";
