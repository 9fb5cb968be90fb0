/** When a rule may write to a lead. Pure: zone, hours, holidays and time are handed in. */
import { DateTime } from "luxon";
import type { Hours } from "../../../contracts/hours.contract";
import { fractionOf } from "./fraction";

/** A year and a bit: a window that never opens in it is taken for one that never does. */
const horizonDays = 400;
/** Sends that waited for an opening are spread over this long, so that none of them comes in a burst. */
const spreadMs = 15 * 60_000;

export interface OpenTimes {
  /** IANA name. */
  readonly zone: string;
  readonly hours: readonly Hours[];
  /** Local dates that are closed. A span over midnight belongs to the day on which it begins. */
  readonly holidays: ReadonlySet<string>;
}

interface Span {
  readonly from: number;
  /** Excluded. */
  readonly to: number;
}

/**
 * Whether it is open at `now`, and else when to come back: the next opening, moved by up to a quarter of an hour (and
 * never to its end) by a fraction that is always the same for `key`.
 * @returns `opensAt` undefined when it does not open within 400 days.
 */
export function planOpening(
  times: OpenTimes,
  now: Date,
  key: string,
): { open: true } | { open: false; opensAt: Date | undefined } {
  const at = now.getTime();
  let day = DateTime.fromJSDate(now, { zone: times.zone }).startOf("day").minus({ days: 1 });
  for (let count = 0; count < horizonDays; count += 1, day = day.plus({ days: 1 })) {
    const spans = spansOf(times, day);
    if (spans.some((span) => span.from <= at && at < span.to)) return { open: true };
    const coming = spans.find((span) => span.from > at);
    // A later day's span may be open already only if it began: spans of the days before were asked first.
    if (coming) return { open: false, opensAt: spread(coming, key) };
  }
  return { open: false, opensAt: undefined };
}

function spread({ from, to }: Span, key: string): Date {
  return new Date(from + Math.floor(fractionOf(key) * Math.min(spreadMs, to - from)));
}

/** What is open from a local day on, earliest first. A time that a change of clocks leaves out is an hour later. */
function spansOf({ hours, holidays }: OpenTimes, day: DateTime): Span[] {
  const date = day.toISODate();
  if (date === null || holidays.has(date)) return [];
  return hours
    .filter(({ days }) => days.includes(day.weekday))
    .map(({ from, to }) => {
      const begin = timeOn(day, from);
      const end = timeOn(to <= from ? day.plus({ days: 1 }) : day, to);
      return { from: begin.toMillis(), to: end.toMillis() };
    })
    .filter((span) => span.to > span.from)
    .sort((left, right) => left.from - right.from);
}

function timeOn(day: DateTime, time: string): DateTime {
  const [hour = 0, minute = 0] = time.split(":").map(Number);
  return hour === 24
    ? day.plus({ days: 1 }).startOf("day")
    : day.set({ hour, minute, second: 0, millisecond: 0 });
}
