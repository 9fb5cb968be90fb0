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

/**
 * What is open from a local day on, earliest first. When the clocks change, a span never goes beyond what the wall says:
 * of a time that comes twice it begins at the second and ends at the first, and a time that is left out is the moment
 * of the change.
 */
function spansOf({ hours, holidays }: OpenTimes, day: DateTime): Span[] {
  const date = day.toISODate();
  if (date === null || holidays.has(date)) return [];
  return hours
    .filter(({ days }) => days.includes(day.weekday))
    .map(({ from, to }) => {
      const begins = momentsOf(day, from);
      const ends = momentsOf(to <= from ? day.plus({ days: 1 }) : day, to);
      // A span within the hour that comes twice is open once.
      const begin = begins.last < ends.first ? begins.last : begins.first;
      return { from: begin, to: ends.first };
    })
    .filter((span) => span.to > span.from)
    .sort((left, right) => left.from - right.from);
}

/** When the wall's clock shows this time on this day, in ms: once, or twice. */
function momentsOf(day: DateTime, time: string): { first: number; last: number } {
  const [hour = 0, minute = 0] = time.split(":").map(Number);
  const shown =
    hour === 24 ? day.plus({ days: 1 }).startOf("day") : day.set({ hour, minute, second: 0, millisecond: 0 });
  if (hour !== 24 && (shown.hour !== hour || shown.minute !== minute)) {
    const change = changeBefore(shown);
    return { first: change, last: change };
  }
  const moments = shown.getPossibleOffsets().map((moment) => moment.toMillis());
  return { first: Math.min(...moments), last: Math.max(...moments) };
}

/** The moment in the hours before `time` at which its zone changed its clocks, in ms. */
function changeBefore(time: DateTime): number {
  let before = time.minus({ hours: 3 }).toMillis();
  let behind = time.toMillis();
  while (behind - before > 1) {
    const middle = Math.floor((before + behind) / 2);
    if (time.zone.offset(middle) === time.offset) behind = middle;
    else before = middle;
  }
  return behind;
}
