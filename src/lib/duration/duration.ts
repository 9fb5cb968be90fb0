import { offsetSchema } from "../../contracts/common.contract";

const parts = /^(-)?P(?:(\d+)W)?(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?)?$/;

/**
 * Length of an ISO 8601 duration in ms; a day is 24 hours. Years and months are not taken, since their length
 * depends on the calendar.
 * @throws ZodError when it is not such a duration.
 */
export function durationMs(duration: string): number {
  const match = parts.exec(offsetSchema.parse(duration));
  const [, sign, weeks = 0, days = 0, hours = 0, minutes = 0, seconds = 0] = match ?? [];
  const total =
    ((Number(weeks) * 7 + Number(days)) * 24 + Number(hours)) * 3_600_000 +
    Number(minutes) * 60_000 +
    Number(seconds) * 1_000;
  return sign ? -total : total;
}
