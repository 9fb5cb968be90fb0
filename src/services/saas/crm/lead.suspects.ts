/** All suspected duplicates of a tenant, group by group along the index of what they share. */
import { trusted } from "mongoose";
import type { ListSuspects, Suspects } from "../../../contracts/lead.duplicate.contract";
import type { TenantContext } from "../../../lib/context/tenant.context";
import { type CursorScope, decodeCursor, encodeCursor } from "../../../lib/query/cursor";
import type { Page } from "../../../lib/query/page";
import { getCrmModels } from "../../../lib/tenant/get.crm.model";
import { toLead } from "./lead.serialiser";

const keyOf = { same_mailbox: "search.likeAddress", same_name: "search.likeName" } as const;
/** A page costs no more index keys than this, however few of them are shared. */
const mostKeys = 5_000;
const mostLeads = 10;

/**
 * Groups of leads that share a mailbox, or name and company, in the order of what they share.
 * @throws AppError invalid-cursor
 */
export async function listSuspects(
  ctx: TenantContext,
  { reason, limit, cursor }: ListSuspects,
): Promise<Page<Suspects>> {
  const { Lead } = await getCrmModels(ctx.clientCode);
  const path = keyOf[reason];
  const scope: CursorScope = {
    clientCode: ctx.clientCode,
    route: "listSuspectedDuplicates",
    sort: path,
    filter: { reason },
  };
  const [from] = cursor === undefined ? [""] : decodeCursor(scope, cursor);
  // Read from the index alone: only living leads have these keys.
  const rows = await Lead.find({ [path]: trusted({ $gt: from }) })
    .sort({ [path]: 1 })
    .limit(mostKeys)
    .select({ [path]: 1, _id: 0 })
    .lean();
  const keys = rows.flatMap(
    ({ search }) => (reason === "same_name" ? search?.likeName : search?.likeAddress) ?? [],
  );
  const cutShort = keys.length === mostKeys;
  const last = keys.at(-1);
  // A group that may go on behind the end is left to the next page, unless it fills this one alone.
  const whole = cutShort && keys[0] !== last ? keys.filter((key) => key !== last) : keys;
  const shared = [...new Set(whole.filter((key, i) => key === whole[i + 1]))];
  const shown = shared.slice(0, limit);
  const data: Suspects[] = [];
  for (const key of shown) {
    const leads = await Lead.find({ [path]: key })
      .sort({ _id: 1 })
      .limit(mostLeads)
      .lean();
    const count = leads.length < mostLeads ? leads.length : await Lead.countDocuments({ [path]: key });
    data.push({ reason, count, leads: leads.map(toLead) });
  }
  const next = shared.length > limit ? shown.at(-1) : cutShort ? whole.at(-1) : undefined;
  return {
    data,
    nextCursor: next === undefined ? null : encodeCursor(scope, [next]),
    hasMore: next !== undefined,
  };
}
