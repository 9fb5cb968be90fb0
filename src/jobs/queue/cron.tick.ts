import { DateTime } from "luxon";

/** When a recurring job is due. */
export type CronSchedule =
  /** At every full multiple of so many minutes, counted from 1970 in UTC. */
  | { readonly everyMinutes: number }
  /** Once a day at this time of the wall clock, `HH:mm`, of an IANA zone. */
  | { readonly dailyAt: string; readonly zone: string };

const minuteMs = 60_000;

/** The instant of a wall clock's time on a day: of a time that comes twice the first, for one that is left out the hour after. */
function instantOf(day: DateTime, hour: number, minute: number): number {
  const { year, month, day: dayOfMonth, zone } = day;
  const local = DateTime.fromObject({ year, month, day: dayOfMonth, hour, minute }, { zone });
  return Math.min(...local.getPossibleOffsets().map((one) => one.toMillis()));
}

/**
 * The latest time at or before `now` at which the schedule was due. The same for everybody who asks between two ticks.
 * A day has one tick also when its clock is changed.
 * @throws RangeError for a schedule that means nothing.
 */
export function latestTick(schedule: CronSchedule, now: Date): Date {
  if ("everyMinutes" in schedule) {
    const { everyMinutes } = schedule;
    if (!Number.isInteger(everyMinutes) || everyMinutes < 1)
      throw new RangeError(`everyMinutes is a whole number from 1 on, not ${everyMinutes}.`);
    const everyMs = everyMinutes * minuteMs;
    return new Date(Math.floor(now.getTime() / everyMs) * everyMs);
  }
  const { dailyAt, zone } = schedule;
  const local = DateTime.fromJSDate(now, { zone });
  const time = /^([01]\d|2[0-3]):([0-5]\d)$/.exec(dailyAt);
  if (!time || !local.isValid)
    throw new RangeError(`Not a time (HH:mm) in an IANA zone: ${dailyAt} in ${zone}.`);
  const [hour, minute] = [Number(time[1]), Number(time[2])];
  const today = instantOf(local, hour, minute);
  return new Date(today <= now.getTime() ? today : instantOf(local.minus({ days: 1 }), hour, minute));
}
