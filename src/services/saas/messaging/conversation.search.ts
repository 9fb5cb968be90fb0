/** Searching conversations by a condition on them and their leads, by words, or both. */
import { trusted } from "mongoose";
import type { Condition } from "../../../contracts/condition.contract";
import type { Conversation } from "../../../contracts/conversation.contract";
import type { SearchConversations } from "../../../contracts/conversation.search.contract";
import { type ConditionFields, checkCondition, conditionToFilter } from "../../../lib/condition";
import type { TenantContext } from "../../../lib/context/tenant.context";
import { invalidRequest } from "../../../lib/http/validation.problem";
import type { Page } from "../../../lib/query/page";
import { type CrmModels, getCrmModels } from "../../../lib/tenant/get.crm.model";
import { readLeadFields } from "../crm/lead.fields";
import { conversationFields } from "./conversation.fields";
import { type FoundBy, pageOfConversations, withLeads, withWords } from "./conversation.find";

const sorts = {
  "-lastActivityAt": { lastActivityAt: -1, _id: -1 },
  lastActivityAt: { lastActivityAt: 1, _id: 1 },
  waitingSince: { waitingSince: 1, _id: 1 },
  "-waitingSince": { waitingSince: -1, _id: -1 },
} as const;

/**
 * Conversations for which the condition holds and in which the words are found, a page at a time.
 * @throws AppError validation-failed with a pointer into the condition, invalid-cursor.
 */
export async function searchConversations(
  ctx: TenantContext,
  search: SearchConversations,
): Promise<Page<Conversation>> {
  const models = await getCrmModels(ctx.clientCode);
  const { condition, query, sort } = search;
  // The time that the list is sorted by, of every row: so the index that has the order can be used.
  const time = sort.endsWith("waitingSince") ? "waitingSince" : "lastActivityAt";
  const parts: FoundBy[] = [{ filter: { [time]: trusted({ $gt: new Date(0) }) } }];
  if (condition) parts.push(...(await partsOf(ctx, models, condition)));
  if (query !== undefined) parts.push(await withWords(models, query));
  const list = { route: "searchConversations", query: search, sort: sorts[sort] };
  return pageOfConversations(ctx, models, list, parts);
}

/** Each part that asks for the lead alone finds leads first; one that mixes both is judged with the lead beside. */
async function partsOf(ctx: TenantContext, models: CrmModels, condition: Condition): Promise<FoundBy[]> {
  const leads = await readLeadFields(models);
  const fields = conversationFields(leads);
  const issues = checkCondition(condition, fields, { pointer: "/condition", use: "search" });
  if (issues.length > 0) throw invalidRequest(issues);
  const now = ctx.now();
  const filterOf = (part: Condition, by: ConditionFields = fields) => conditionToFilter(part, by, now);
  const parts = condition.all ?? [condition];
  const found = parts
    .filter((part) => !asksForLead(part) || asksForConversation(part))
    .map((part): FoundBy => ({ filter: filterOf(part), beside: asksForLead(part) }));
  const all = parts.filter((part) => asksForLead(part) && !asksForConversation(part));
  return all.length === 0
    ? found
    : [...found, await withLeads(models, filterOf({ all }, leads), filterOf({ all }))];
}

const asksForLead = (condition: Condition) => asksFor(condition, "lead.");
const asksForConversation = (condition: Condition) => asksFor(condition, "conversation.");

function asksFor({ field, all = [], any = [], not }: Condition, root: string): boolean {
  const parts = [...all, ...any, ...(not ? [not] : [])];
  return field?.startsWith(root) ?? parts.some((part) => asksFor(part, root));
}
