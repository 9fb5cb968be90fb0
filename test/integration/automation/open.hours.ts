/** When a window is open, by the clock on the lead's wall and nothing else: what tests hold the engine against. */
import { DateTime } from "luxon";

export interface WallWindow {
  readonly from: string;
  readonly to: string;
  readonly days: readonly number[];
  readonly zone: string;
  readonly closedOn: ReadonlySet<string>;
}

const minutesOf = (time: string): number => {
  const [hours = 0, minutes = 0] = time.split(":").map(Number);
  return hours * 60 + minutes;
};

/** A window over midnight belongs to the day on which it begins. @param at in ms. */
export function isOpenByTheClock(window: WallWindow, at: number): boolean {
  const wall = DateTime.fromMillis(at, { zone: window.zone });
  const minute = wall.hour * 60 + wall.minute;
  const [from, to] = [minutesOf(window.from), minutesOf(window.to)];
  const counts = (day: DateTime) =>
    window.days.includes(day.weekday) && !window.closedOn.has(day.toISODate() ?? "");
  if (from < to) return from <= minute && minute < to && counts(wall);
  return minute >= from ? counts(wall) : minute < to && counts(wall.minus({ days: 1 }));
}

/** The first of the moments `stepMinutes` apart, counted from full hours, at which it is open. */
export function nextOpening(window: WallWindow, at: number, stepMinutes = 60): number {
  const step = stepMinutes * 60_000;
  for (let moment = Math.ceil(at / step) * step; moment < at + 60 * 24 * 3_600_000; moment += step)
    if (isOpenByTheClock(window, moment)) return moment;
  throw new Error("This window does not open within two months.");
}
