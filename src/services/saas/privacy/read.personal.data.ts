import type { PersonalRecord } from "../../../contracts/privacy.contract";
import type { TenantContext } from "../../../lib/context/tenant.context";
import {
  type CursorScope,
  type CursorValue,
  decodeCursor,
  encodeCursor,
  invalidCursor,
} from "../../../lib/query/cursor";
import { getCrmModels } from "../../../lib/tenant/get.crm.model";
import { findPerson } from "./person";
import { personRows } from "./person.rows";
import { type PersonalModel, personalDataOf, personalModels } from "./personal.data";

export interface PersonalDataPage {
  readonly data: PersonalRecord[];
  readonly nextCursor: string | null;
  readonly hasMore: boolean;
}

/** Never shown, not even to the person: machinery that says nothing of them. */
const hidden = ["dedupeKey", "requestId", "version"];

/**
 * One page of everything that is stored about a person (GDPR, article 15), collection by collection. A page may hold
 * fewer than `limit` records, even none, while `hasMore` is true.
 * @throws AppError not-found, invalid-cursor
 */
export async function readPersonalData(
  ctx: TenantContext,
  leadId: string,
  query: { limit: number; cursor?: string | undefined },
): Promise<PersonalDataPage> {
  const models = await getCrmModels(ctx.clientCode);
  const person = await findPerson(models, leadId);
  const scope: CursorScope = {
    clientCode: ctx.clientCode,
    route: "readPersonalData",
    sort: "_id",
    filter: leadId,
  };
  const [from, after] = query.cursor === undefined ? [0] : decodeCursor(scope, query.cursor);
  const shown = personalModels.filter(isShown);
  if (typeof from !== "number") throw invalidCursor();
  const name = shown[from];
  if (name === undefined) return { data: [], nextCursor: null, hasMore: false };
  const found = await personRows(models, name, person, { limit: query.limit, after: after ?? undefined });
  const { collectionName } = models[name].collection;
  const data = found.rows.map((row) => ({ collection: collectionName, record: withoutHidden(row) }));
  const isEnd = found.lookedUpTo === null;
  const hasMore = !isEnd || from + 1 < shown.length;
  const position: CursorValue[] = found.lookedUpTo === null ? [from + 1] : [from, found.lookedUpTo];
  return { data, hasMore, nextCursor: hasMore ? encodeCursor(scope, position) : null };
}

function isShown(name: PersonalModel): boolean {
  const data = personalDataOf(name);
  return data.kind === "by-text" || (data.kind === "by-lead" && data.shown);
}

function withoutHidden(row: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(row).filter(([field]) => !hidden.includes(field)));
}
