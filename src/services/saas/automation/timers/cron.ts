/** Five-field cron expressions in a zone: minute, hour, day of the month, month, weekday (0 or 7 is Sunday). */
import { DateTime } from "luxon";

const ranges = [
  [0, 59],
  [0, 23],
  [1, 31],
  [1, 12],
  [0, 7],
] as const;
const names = [
  [],
  [],
  [],
  ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"],
  ["sun", "mon", "tue", "wed", "thu", "fri", "sat"],
];
/** 29 February may be eight years away. */
const horizonDays = 8 * 366 + 1;

interface Cron {
  readonly minutes: ReadonlySet<number>;
  readonly hours: ReadonlySet<number>;
  readonly days: ReadonlySet<number>;
  readonly months: ReadonlySet<number>;
  readonly weekdays: ReadonlySet<number>;
  /** As cron has it: when both days are limited, one of them is enough. */
  readonly eitherDay: boolean;
}

/** @returns what is wrong with the expression, undefined when nothing is. */
export function cronProblem(text: string): string | undefined {
  const cron = parseCron(text);
  if (!cron) return "is not a cron expression of five fields";
  return nextOccurrence(text, new Date(0), "UTC") ? undefined : "never comes";
}

/**
 * The first time after `after` that the expression names, in the zone. A time that a change of clocks leaves out comes
 * an hour later; one that comes twice counts once.
 * @returns undefined when there is none.
 */
export function nextOccurrence(text: string, after: Date, zone: string): Date | undefined {
  const cron = parseCron(text);
  if (!cron) return undefined;
  let day = DateTime.fromJSDate(after, { zone }).startOf("day");
  for (let count = 0; count < horizonDays; count += 1, day = day.plus({ days: 1 }).startOf("day")) {
    if (!isDay(cron, day)) continue;
    for (const hour of [...cron.hours].sort((a, b) => a - b))
      for (const minute of [...cron.minutes].sort((a, b) => a - b)) {
        const time = day.set({ hour, minute });
        if (time.toMillis() > after.getTime()) return time.toJSDate();
      }
  }
  return undefined;
}

function isDay(cron: Cron, day: DateTime): boolean {
  if (!cron.months.has(day.month)) return false;
  const byDay = cron.days.has(day.day);
  const byWeekday = cron.weekdays.has(day.weekday % 7);
  return cron.eitherDay ? byDay || byWeekday : byDay && byWeekday;
}

function parseCron(text: string): Cron | undefined {
  const fields = text.trim().toLowerCase().split(/\s+/);
  const [minutes, hours, days, months, weekdays] = fields.map(parseField);
  if (fields.length !== 5 || !minutes || !hours || !days || !months || !weekdays) return undefined;
  const eitherDay = !fields[2]?.startsWith("*") && !fields[4]?.startsWith("*");
  return { minutes, hours, days, months, weekdays: new Set([...weekdays].map((day) => day % 7)), eitherDay };
}

function parseField(field: string, place: number): ReadonlySet<number> | undefined {
  const [least, most] = ranges[place] ?? [0, 0];
  const values = new Set<number>();
  for (const part of field.split(",")) {
    const match = /^(\*|[a-z]{3}|\d{1,2})(?:-([a-z]{3}|\d{1,2}))?(?:\/(\d{1,2}))?$/.exec(part);
    if (!match) return undefined;
    const [, from = "", to, step] = match;
    const begin = from === "*" ? least : numberOf(from, place);
    const end = from === "*" ? most : to !== undefined ? numberOf(to, place) : step ? most : begin;
    const by = Number(step ?? 1);
    if (begin === undefined || end === undefined || begin < least || end > most || begin > end || by < 1)
      return undefined;
    for (let value = begin; value <= end; value += by) values.add(value);
  }
  return values;
}

function numberOf(text: string, place: number): number | undefined {
  if (/^\d/.test(text)) return Number(text);
  const index = names[place]?.indexOf(text) ?? -1;
  return index < 0 ? undefined : index + (place === 3 ? 1 : 0);
}
