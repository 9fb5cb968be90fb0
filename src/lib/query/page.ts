import mongoose, { type Model, type QueryFilter, Types } from "mongoose";
import type { ClientCode } from "../../contracts/common.contract";
import { type CursorScope, type CursorValue, decodeCursor, encodeCursor, invalidCursor } from "./cursor";

export interface PageRequest<T> {
  /** operationId of the list's route. */
  readonly route: string;
  /** The parsed query: `limit`, `cursor`, and whatever else filters or sorts; a cursor is good for the same rest. */
  readonly query: { readonly limit: number; readonly cursor?: string | undefined };
  /** What to list. Operators must be wrapped in mongoose's `trusted()`. */
  readonly filter: QueryFilter<T>;
  /**
   * Fields to sort by, which every row must have, each of one type; the last one must be unique (`_id`), and an index
   * should start with the filter's fields and go on with these.
   */
  readonly sort: Readonly<Record<string, 1 | -1>>;
}

export interface Page<T> {
  readonly data: T[];
  readonly nextCursor: string | null;
  readonly hasMore: boolean;
}

/** A caller waits no longer than this; neither may the server read on for nobody. */
const longestReadMs = 5_000;

/**
 * One page of a list by keyset: a row that is added or removed meanwhile neither repeats nor hides another, and the
 * last page costs what the first does.
 * @returns lean rows in `data`; serialise them before they leave
 * @throws AppError invalid-cursor
 */
export async function pageOf<T>(
  ctx: { readonly clientCode: ClientCode | null },
  model: Model<T>,
  { route, query, filter, sort }: PageRequest<T>,
): Promise<Page<T>> {
  const { limit, cursor, ...rest } = query;
  const scope: CursorScope = { clientCode: ctx.clientCode, route, sort, filter: rest };
  const keyset = cursor === undefined ? {} : after(sort, decodeCursor(scope, cursor));
  const rows = await model
    .find({ $and: [filter, keyset] })
    .sort({ ...sort })
    .limit(limit + 1)
    .maxTimeMS(longestReadMs)
    .lean<T[]>();
  const data = rows.slice(0, limit);
  const last = data.at(-1);
  const hasMore = rows.length > limit;
  const nextCursor =
    hasMore && last !== undefined ? encodeCursor(scope, positionOf(last, Object.keys(sort))) : null;
  return { data, nextCursor, hasMore };
}

/** Rows behind a position: beyond it in the first field, or level with it there and beyond it in the next, and so on. */
function after(
  sort: PageRequest<unknown>["sort"],
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

function positionOf(row: unknown, fields: readonly string[]): CursorValue[] {
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
