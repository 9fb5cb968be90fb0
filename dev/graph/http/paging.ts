/** Cursor paging as Graph does it. Source: https://developers.facebook.com/docs/graph-api/results */
import { GraphError } from "../errors/graph.error";
import type { Exchange } from "./exchange";

interface Page<Item> {
  data: Item[];
  paging?: { cursors: { before: string; after: string }; next?: string; previous?: string };
}

const defaultLimit = 25;

/**
 * One page of `items`, which are in a stable order and found again by `keyOf`. No `next` on the last page, no
 * `paging` at all when there is nothing. `next` is a whole address and, as Meta's, holds no token of ours.
 * @throws GraphError 100 for a cursor we did not give out
 */
export function pageOf<Item>(
  items: readonly Item[],
  keyOf: (item: Item) => string,
  exchange: Exchange,
  address: string,
): Page<Item> {
  const limit = Math.min(
    Math.max(Number(exchange.query.get("limit") ?? defaultLimit) || defaultLimit, 1),
    1000,
  );
  const after = exchange.query.get("after");
  const before = exchange.query.get("before");
  const end = before ? placeOf(before, items, keyOf) : items.length;
  const start = after ? placeOf(after, items, keyOf) + 1 : before ? Math.max(0, end - limit) : 0;
  const data = items.slice(start, Math.min(start + limit, end));
  const [first] = data;
  const last = data.at(-1);
  if (first === undefined || last === undefined) return { data: [] };
  const cursors = { before: cursorOf(keyOf(first)), after: cursorOf(keyOf(last)) };
  const link = (name: "after" | "before") => {
    const query = new URLSearchParams(exchange.query);
    for (const other of ["after", "before", "access_token"]) query.delete(other);
    query.set("limit", String(limit));
    query.set(name, cursors[name]);
    return `${address}${exchange.version ? `/${exchange.version}` : ""}${exchange.path}?${query.toString()}`;
  };
  return {
    data,
    paging: {
      cursors,
      ...(start + data.length < items.length ? { next: link("after") } : {}),
      ...(start > 0 ? { previous: link("before") } : {}),
    },
  };
}

function cursorOf(key: string): string {
  return Buffer.from(key).toString("base64url");
}

function placeOf<Item>(cursor: string, items: readonly Item[], keyOf: (item: Item) => string): number {
  const key = Buffer.from(cursor, "base64url").toString();
  const place = items.findIndex((item) => keyOf(item) === key);
  if (place < 0) throw new GraphError(100, { details: "The cursor is not valid" });
  return place;
}
