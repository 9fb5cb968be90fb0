import { invalidRequest } from "../../../lib/http/validation.problem";

const minuteMs = 60_000;

/**
 * When a meeting that starts at `startsAt` ends; `usualMs` is its length when nobody names one.
 * @throws AppError validation-failed when it would not end after it begins.
 */
export function endOf(
  startsAt: Date,
  { endsAt, durationMinutes }: { endsAt?: string | undefined; durationMinutes?: number | undefined },
  usualMs: number,
): Date {
  const lengthMs = durationMinutes === undefined ? usualMs : durationMinutes * minuteMs;
  const end = endsAt === undefined ? new Date(startsAt.getTime() + lengthMs) : new Date(endsAt);
  if (end > startsAt) return end;
  throw invalidRequest([
    { pointer: "/endsAt", code: "invalid-value", detail: "The meeting must end after it begins." },
  ]);
}
