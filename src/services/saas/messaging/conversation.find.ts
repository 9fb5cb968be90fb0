/**
 * Pages of conversations that are found by themselves, by their leads, or both. Leads are looked up first, and where
 * they are few the index of their conversations gives the rest. Where they are many, conversations are read in the
 * order of the list with each one's lead beside it, until the page is full: what many leads have is soon found.
 */
import { type QueryFilter, type Types, trusted } from "mongoose";
import type { Conversation } from "../../../contracts/conversation.contract";
import { wordsOf } from "../../../contracts/text.words";
import type { TenantContext } from "../../../lib/context/tenant.context";
import {
  longestReadMs,
  type Page,
  type PagedList,
  pageBy,
  positionOf,
  rowsAfter,
  rowsUpTo,
} from "../../../lib/query/page";
import type { CrmModels } from "../../../lib/tenant/get.crm.model";
import type { ConversationRecord } from "../../../model/saas/conversation.schema";
import type { LeadRecord } from "../../../model/saas/lead.schema";
import { wordFilters } from "../crm/lead.search";
import { leadBeside } from "./conversation.fields";
import { toConversation } from "./conversation.serialiser";

/** So many leads are named one by one, and so many messages are looked through. */
const mostNamed = 500;

type Filter = QueryFilter<ConversationRecord>;

/** A part of a search; all of them must hold. */
export interface FoundBy {
  readonly filter: Filter;
  /** The filter asks for fields of the lead beside the conversation. */
  readonly beside?: boolean;
}

/** @throws AppError invalid-cursor. */
export async function pageOfConversations(
  ctx: TenantContext,
  models: CrmModels,
  list: PagedList,
  parts: readonly FoundBy[],
): Promise<Page<Conversation>> {
  const own = parts.filter(({ beside }) => !beside).map(({ filter }) => filter);
  const beside = parts.filter((part) => part.beside).map(({ filter }) => filter);
  const page = await pageBy<ConversationRecord>(ctx, list, (keyset, limit) =>
    beside.length > 0
      ? walk(models, { own, beside, sort: list.sort }, keyset, limit)
      : models.Conversation.find({ $and: [...own, keyset] })
          .sort({ ...list.sort })
          .limit(limit)
          .maxTimeMS(longestReadMs)
          .lean<ConversationRecord[]>(),
  );
  return { ...page, data: page.data.map(toConversation) };
}

/**
 * Reads stretches of the list, each four times as long as the one before: a pipeline alone would read thousands of
 * conversations ahead before it looks at their leads.
 */
async function walk(
  { Conversation, Lead }: CrmModels,
  { own, beside, sort }: { own: Filter[]; beside: Filter[]; sort: PagedList["sort"] },
  keyset: Filter,
  limit: number,
): Promise<ConversationRecord[]> {
  const until = performance.now() + longestReadMs;
  const left = () => Math.max(1, Math.ceil(until - performance.now()));
  const rows: ConversationRecord[] = [];
  let from = keyset;
  for (let length = 4 * limit; ; length *= 4) {
    const [end] = await Conversation.find({ $and: [...own, from] })
      .sort({ ...sort })
      .skip(length - 1)
      .limit(1)
      .maxTimeMS(left())
      .lean();
    const position = end && positionOf(end, Object.keys(sort));
    const found = await Conversation.aggregate<ConversationRecord>([
      { $match: { $and: [...own, from, ...(position ? [rowsUpTo(sort, position)] : [])] } },
      { $sort: { ...sort } },
      { $lookup: { from: Lead.collection.name, localField: "leadId", foreignField: "_id", as: leadBeside } },
      { $unwind: { path: `$${leadBeside}`, preserveNullAndEmptyArrays: true } },
      { $match: { $and: beside } },
      { $limit: limit - rows.length },
      { $unset: leadBeside },
    ]).option({ maxTimeMS: left() });
    rows.push(...found);
    if (rows.length === limit || !position) return rows;
    from = rowsAfter(sort, position);
  }
}

/**
 * Conversations with the leads of a filter.
 * @param besides the same filter, on the lead that stands beside a conversation
 */
export async function withLeads(
  { Lead }: CrmModels,
  filter: QueryFilter<LeadRecord>,
  besides: Filter,
): Promise<FoundBy> {
  const leads = await Lead.find({ $and: [{ deletedAt: null }, filter] })
    .limit(mostNamed + 1)
    .select({ _id: 1 })
    .maxTimeMS(longestReadMs)
    .lean<{ _id: Types.ObjectId }[]>();
  if (leads.length <= mostNamed) return { filter: { leadId: trusted({ $in: leads.map(({ _id }) => _id) }) } };
  const living = { [`${leadBeside}._id`]: trusted({ $ne: null }), [`${leadBeside}.deletedAt`]: null };
  return { filter: { $and: [living, besides] }, beside: true };
}

/** Conversations with a message that has all these words, or with a lead that has. */
export async function withWords(models: CrmModels, words: string): Promise<FoundBy> {
  const [leads, conversationIds] = await Promise.all([ledBy(models, words), messagesWith(models, words)]);
  const written = { _id: trusted({ $in: conversationIds }) };
  return { ...leads, filter: { $or: [leads.filter, written] } };
}

async function ledBy(models: CrmModels, words: string): Promise<FoundBy> {
  const filters = wordFilters(words);
  if (filters.length === 0) return { filter: { _id: trusted({ $in: [] }) } };
  const beside = filters.map((filter) =>
    Object.fromEntries(Object.entries(filter).map(([path, value]) => [`${leadBeside}.${path}`, value])),
  );
  return withLeads(models, { $and: filters }, { $and: beside });
}

async function messagesWith({ Message }: CrmModels, text: string): Promise<Types.ObjectId[]> {
  // The longest first: the index looks for one of them, which should be rare.
  const [first, ...others] = wordsOf(text).sort((a, b) => b.length - a.length);
  if (first === undefined) return [];
  const messages = await Message.find({
    words: others.length === 0 ? first : trusted({ $all: [first, ...others] }),
  })
    .sort({ sentAt: -1 })
    .limit(mostNamed)
    .select({ conversationId: 1 })
    .maxTimeMS(longestReadMs)
    .lean<{ conversationId: Types.ObjectId }[]>();
  return messages.map(({ conversationId }) => conversationId);
}
