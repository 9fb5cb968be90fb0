import mongoose, { type Model, type QueryFilter, Types } from "mongoose";
import type { ClientCode } from "../../contracts/common.contract";
import { type CursorScope, type CursorValue, decodeCursor, encodeCursor, invalidCursor } from "./cursor";

/** A list whose pages follow each other by keyset. */
export interface PagedList {
  /** operationId of the list's route. */
  readonly route: string;
  /** The parsed query: `limit`, `cursor`, and whatever else filters or sorts; a cursor is good for the same rest. */
  readonly query: { readonly limit: number; readonly cursor?: string | undefined };
  /**
   * Fields to sort by, which every row must have, each of one type; the last one must be unique (`_id`), and an index
   * should start with the filter's fields and go on with these.
   */
  readonly sort: Readonly<Record<string, 1 | -1>>;
  /** For an order whose values are written anew while nothing else about the rows changes. */
  readonly followed?: FollowedRow;
}

/** What a cursor keeps of its row to find it again, and where that row stands now. */
export interface FollowedRow {
  readonly fields: readonly string[];
  /** Its sort values now; null: unknown, so the old ones hold. */
  readonly now: (kept: readonly CursorValue[]) => Promise<CursorValue[] | null>;
}

export interface PageRequest<T> extends PagedList {
  /** What to list. Operators must be wrapped in mongoose's `trusted()`. */
  readonly filter: QueryFilter<T>;
}

export interface Page<T> {
  readonly data: T[];
  readonly nextCursor: string | null;
  readonly hasMore: boolean;
}

/** A caller waits no longer than this; neither may the server read on for nobody. */
export const longestReadMs = 5_000;

/**
 * One page of a list by keyset: a row that is added or removed meanwhile neither repeats nor hides another, and the
 * last page costs what the first does.
 * @returns lean rows in `data`; serialise them before they leave
 * @throws AppError invalid-cursor
 */
export async function pageOf<T>(
  ctx: { readonly clientCode: ClientCode | null },
  model: Model<T>,
  { filter, ...list }: PageRequest<T>,
): Promise<Page<T>> {
  return pageBy<T>(ctx, list, (keyset, limit) =>
    model
      .find({ $and: [filter, keyset] })
      .sort({ ...list.sort })
      .limit(limit)
      .maxTimeMS(longestReadMs)
      .lean<T[]>(),
  );
}

/**
 * The same for a list that is read in a way of its own.
 * @param read the first `limit` rows that pass `keyset`, in the order of the list's sort
 * @throws AppError invalid-cursor
 */
export async function pageBy<T>(
  ctx: { readonly clientCode: ClientCode | null },
  { route, query, sort, followed }: PagedList,
  read: (keyset: Record<string, unknown>, limit: number) => Promise<T[]>,
): Promise<Page<T>> {
  const { limit, cursor, ...rest } = query;
  const scope: CursorScope = { clientCode: ctx.clientCode, route, sort, filter: rest };
  const position =
    cursor === undefined ? null : await positionNow(sort, decodeCursor(scope, cursor), followed);
  const rows = await read(position === null ? {} : rowsAfter(sort, position), limit + 1);
  const data = rows.slice(0, limit);
  const last = data.at(-1);
  const hasMore = rows.length > limit;
  const kept = [...Object.keys(sort), ...(followed?.fields ?? [])];
  const nextCursor = hasMore && last !== undefined ? encodeCursor(scope, positionOf(last, kept)) : null;
  return { data, nextCursor, hasMore };
}

async function positionNow(
  sort: PagedList["sort"],
  stored: readonly CursorValue[],
  followed: FollowedRow | undefined,
): Promise<readonly CursorValue[]> {
  if (!followed) return stored;
  const levels = Object.keys(sort).length;
  return (await followed.now(stored.slice(levels))) ?? stored.slice(0, levels);
}

/** Rows behind a position: beyond it in the first field, or level with it there and beyond it in the next, and so on. */
export function rowsAfter(
  sort: PagedList["sort"],
  position: readonly CursorValue[],
): Record<string, unknown> {
  const fields = Object.entries(sort);
  if (position.length !== fields.length) throw invalidCursor();
  const branches = fields.map(([field, direction], i) => ({
    ...Object.fromEntries(fields.slice(0, i).map(([level], j) => [level, position[j]])),
    [field]: mongoose.trusted({ [direction === 1 ? "$gt" : "$lt"]: position[i] }),
  }));
  const [first] = fields;
  // The bound on the first field alone lets the index start at the right place.
  const bound = first
    ? { [first[0]]: mongoose.trusted({ [first[1] === 1 ? "$gte" : "$lte"]: position[0] }) }
    : {};
  return { ...bound, $or: branches };
}

/** Rows up to a position, that one included. */
export function rowsUpTo(sort: PagedList["sort"], position: readonly CursorValue[]): Record<string, unknown> {
  const [first] = Object.entries(sort);
  const bound = first
    ? { [first[0]]: mongoose.trusted({ [first[1] === 1 ? "$lte" : "$gte"]: position[0] }) }
    : {};
  return { ...bound, $nor: [rowsAfter(sort, position)] };
}

/** Where a row stands in its list. */
export function positionOf(row: unknown, fields: readonly string[]): CursorValue[] {
  return fields.map((field) => {
    const value = field.split(".").reduce<unknown>((part, name) => memberOf(part, name), row);
    if (!isCursorValue(value))
      throw new Error(`A list cannot be sorted by ${field}: a row has no plain value there.`);
    return value;
  });
}

function memberOf(value: unknown, name: string): unknown {
  return typeof value === "object" && value !== null ? Reflect.get(value, name) : undefined;
}

function isCursorValue(value: unknown): value is CursorValue {
  return (
    value === null ||
    ["string", "number", "boolean"].includes(typeof value) ||
    value instanceof Date ||
    value instanceof Types.ObjectId
  );
}
