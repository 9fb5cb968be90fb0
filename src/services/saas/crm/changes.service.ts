import { trusted } from "mongoose";
import type { Changes, ListChanges } from "../../../contracts/change.contract";
import type { TenantContext } from "../../../lib/context/tenant.context";
import { AppError } from "../../../lib/errors/app.error";
import { toCrmEvent } from "../../../lib/tenant/commit.change";
import { getCrmModels } from "../../../lib/tenant/get.crm.model";

/**
 * The tenant's log after a place in it. Places have no gaps and become visible in their order (the counter is the
 * last write of each transaction), so a reader who goes on from `lastSeq` misses nothing.
 * @throws AppError cursor-expired when events after this place are gone already (they are kept 30 days), with
 * `oldestSeq` to begin again from; invalid-cursor for a place that the log has not reached.
 */
export async function listChanges(ctx: TenantContext, { after, limit }: ListChanges): Promise<Changes> {
  const { Counter, Outbox } = await getCrmModels(ctx.clientCode);
  // The counter is read first: what it promises must be in the log or gone from it.
  const counter = await Counter.findById("events").read("primary").readConcern("majority").lean();
  const latest = counter?.value ?? 0;
  if (after !== undefined && after > latest)
    throw new AppError("invalid-cursor", "The log has not come that far. Begin without `after`.");
  const rows = await Outbox.find(after === undefined ? {} : { seq: trusted({ $gt: after }) })
    .sort({ seq: 1 })
    .limit(limit + 1)
    .read("primary")
    .readConcern("majority")
    .lean();
  const [first] = rows;
  if (after !== undefined && (first ? first.seq !== after + 1 : after < latest))
    throw new AppError(
      "cursor-expired",
      "Events after this place are no longer kept. Read the resources anew, then follow from `oldestSeq`.",
      { extensions: { oldestSeq: first?.seq ?? latest } },
    );
  const page = rows.slice(0, limit);
  const hasMore = rows.length > limit;
  const lastSeq = page.at(-1)?.seq ?? after ?? latest;
  return { data: page.map(toCrmEvent), nextCursor: hasMore ? String(lastSeq) : null, hasMore, lastSeq };
}
