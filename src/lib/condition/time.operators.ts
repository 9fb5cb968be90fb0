/** Times by their distance from now. A day begins at midnight UTC. */
import { durationMs } from "../duration/duration";
import type { Comparison } from "./field";
import type { ConditionOperator, Queried, StoredFilter } from "./operator";
import { within } from "./order.operators";
import { asTime } from "./values";

const types = new Set(["time", "day", "any"] as const);
const dayMs = 24 * 60 * 60_000;

const span = ({ expected }: Pick<Comparison, "expected">): number =>
  typeof expected === "string" ? durationMs(expected) : Number.NaN;

/** Time since the value in ms; negative in the future, NaN where it is no time. */
const ageMs = ({ actual, now }: Comparison): number => now.getTime() - (asTime(actual) ?? Number.NaN);

/** Documents with a time from `from` to `to`, both in ms and included; a day is stored as a text. */
function between(it: Queried, from: number | undefined, to: number): StoredFilter {
  const asDay = (ms: number) => new Date(ms).toISOString().slice(0, 10);
  const low = (ms: number) => (it.type === "day" ? asDay(Math.ceil(ms / dayMs) * dayMs) : new Date(ms));
  const high = (ms: number) => (it.type === "day" ? asDay(Math.floor(ms / dayMs) * dayMs) : new Date(ms));
  return within(it, { ...(from === undefined ? {} : { $gte: low(from) }), $lte: high(to) });
}

export const timeOperators = {
  within_last: {
    types,
    evaluate: (it) => ageMs(it) >= 0 && ageMs(it) <= span(it),
    toQuery: (it) => between(it, it.now.getTime() - span(it), it.now.getTime()),
  },
  older_than: {
    types,
    evaluate: (it) => ageMs(it) > span(it),
    toQuery: (it) => between(it, undefined, it.now.getTime() - span(it) - 1),
  },
  within_next: {
    types,
    evaluate: (it) => ageMs(it) <= 0 && -ageMs(it) <= span(it),
    toQuery: (it) => between(it, it.now.getTime(), it.now.getTime() + span(it)),
  },
} satisfies Record<string, ConditionOperator>;
