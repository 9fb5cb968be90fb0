/** Finding conversations. Each list has an index that gives its order; the rest of a filter is looked at on the way. */
import { type QueryFilter, Types, trusted } from "mongoose";
import type {
  Conversation,
  ConversationCounts,
  ConversationListQuery,
} from "../../../contracts/conversation.contract";
import type { TenantContext } from "../../../lib/context/tenant.context";
import type { Page, PagedList } from "../../../lib/query/page";
import { getCrmModels } from "../../../lib/tenant/get.crm.model";
import type { ConversationRecord } from "../../../model/saas/conversation.schema";
import { pageOfConversations, withWords } from "./conversation.find";

const someTime = { $gt: new Date(0) };

/** Conversations, the latest message or whoever waits the longest first. @throws AppError invalid-cursor. */
export async function listConversations(
  ctx: TenantContext,
  query: ConversationListQuery,
): Promise<Page<Conversation>> {
  const models = await getCrmModels(ctx.clientCode);
  const sort: PagedList["sort"] =
    query.sort === "waiting" ? { waitingSince: 1, _id: 1 } : { lastActivityAt: -1, _id: -1 };
  const words = query.q === undefined ? [] : [await withWords(models, query.q)];
  const list = { route: "listConversations", query, sort };
  return pageOfConversations(ctx, models, list, [{ filter: filterOf(query) }, ...words]);
}

function filterOf(query: ConversationListQuery): QueryFilter<ConversationRecord> {
  const { status, assigneeId, teamId, participantId, label, priority, leadId, connectionId } = query;
  const narrowed = assigneeId ?? query.unassigned ?? teamId ?? participantId ?? label;
  return {
    // Named one by one, so that an index that has it in its middle gives the order.
    ...(status ? { status } : narrowed === undefined ? {} : { status: trusted({ $in: [...statuses] }) }),
    ...(assigneeId ? { assigneeId } : query.unassigned ? { assigneeId: null } : {}),
    ...(teamId ? { teamId: new Types.ObjectId(teamId) } : {}),
    ...(participantId ? { participantIds: participantId } : {}),
    ...(label ? { labels: label } : {}),
    ...(priority ? { priority } : {}),
    ...(leadId ? { leadId: new Types.ObjectId(leadId) } : {}),
    ...(query.channel ? { channel: query.channel } : {}),
    ...(connectionId ? { connectionId: new Types.ObjectId(connectionId) } : {}),
    ...(query.unread === undefined ? {} : { unreadCount: query.unread ? trusted({ $gt: 0 }) : 0 }),
    ...(query.sort === "waiting" ? { waitingSince: trusted(someTime) } : {}),
  };
}

const statuses = ["open", "pending", "snoozed", "resolved"] as const;

/** How many conversations there are of each kind; read from indexes alone. */
export async function countConversations(ctx: TenantContext): Promise<ConversationCounts> {
  const { Conversation } = await getCrmModels(ctx.clientCode);
  const count = (filter: QueryFilter<ConversationRecord>) => Conversation.countDocuments(filter);
  const [groups, snoozed, resolved, unread, waiting] = await Promise.all([
    Conversation.aggregate<Group>([
      { $match: { status: { $in: ["open", "pending"] } } },
      {
        $group: {
          _id: { status: "$status", assigneeId: "$assigneeId", teamId: "$teamId" },
          count: { $sum: 1 },
        },
      },
    ]),
    count({ status: "snoozed" }),
    count({ status: "resolved" }),
    // The time, which every conversation has, lets the index of unread ones be used.
    count({ lastActivityAt: trusted(someTime), unreadCount: trusted({ $gt: 0 }) }),
    count({ waitingSince: trusted(someTime) }),
  ]);
  return {
    open: total(groups.filter(({ _id }) => _id.status === "open")),
    pending: total(groups.filter(({ _id }) => _id.status === "pending")),
    snoozed,
    resolved,
    unread,
    waiting,
    unassigned: total(groups.filter(({ _id }) => _id.assigneeId === null)),
    byAssignee: totals(groups, ({ _id }) => _id.assigneeId),
    byTeam: totals(groups, ({ _id }) => _id.teamId?.toHexString() ?? null),
  };
}

interface Group {
  readonly _id: {
    readonly status: "open" | "pending";
    readonly assigneeId: string | null;
    readonly teamId: Types.ObjectId | null;
  };
  readonly count: number;
}

function total(groups: readonly Group[]): number {
  return groups.reduce((sum, { count }) => sum + count, 0);
}

function totals(groups: readonly Group[], nameOf: (group: Group) => string | null): Record<string, number> {
  const sums = new Map<string, number>();
  for (const group of groups) {
    const name = nameOf(group);
    if (name !== null) sums.set(name, (sums.get(name) ?? 0) + group.count);
  }
  return Object.fromEntries(sums);
}
