/** The queue's figures by the minute: written in groups by whoever runs jobs, read by whoever watches them. */
import type { JobMinuteRecord } from "../../model/clients/job.minute.schema";
import { minutesCollection } from "./jobs.collection";

const minuteMs = 60_000;
const keepMs = 3 * 24 * 60 * minuteMs;
/** A drain may be at the end of its time: figures are not worth more than this. */
const writeLimitMs = 1_000;

/** Upper bounds of the buckets of the pick-up lag, in ms; what took longer is in the last one. */
const lagBounds = [
  5, 10, 25, 50, 100, 250, 500, 1_000, 2_500, 5_000, 15_000, 60_000, 300_000, 3_600_000,
] as const;
const beyond = "more";

/** What is counted. */
export const countNames = ["done", "failed", "dead", "retried", "crashed"] as const;

/** Counts of attempts. */
export interface Figures {
  done: number;
  failed: number;
  dead: number;
  retried: number;
  crashed: number;
  /** By the bucket's bound. */
  lag: Record<string, number>;
}

/** Figures of a tenant in a queue. */
export interface FiguresOf extends Figures {
  readonly queue: string;
  readonly clientCode: string;
}

/** Figures of one minute. */
export interface MinuteFigures extends FiguresOf {
  readonly minute: Date;
}

export const noFigures = (): Figures => ({ done: 0, failed: 0, dead: 0, retried: 0, crashed: 0, lag: {} });

/** The minute that a time is in. */
export const minuteOf = (at: Date): Date => new Date(Math.floor(at.getTime() / minuteMs) * minuteMs);

/** The bucket of a lag in ms. */
export function lagBucket(ms: number): string {
  return String(lagBounds.find((bound) => ms <= bound) ?? beyond);
}

/** Adds `more` to `sum`. */
export function addFigures(sum: Figures, more: Figures): void {
  for (const name of countNames) sum[name] += more[name];
  for (const [bucket, count] of Object.entries(more.lag)) sum.lag[bucket] = (sum.lag[bucket] ?? 0) + count;
}

/**
 * The lag in ms that this share of the attempts did not exceed, as the bound of its bucket; null without attempts.
 * @param share e.g. 0.99
 */
export function lagPercentile(lag: Readonly<Record<string, number>>, share: number): number | null {
  const total = Object.values(lag).reduce((sum, count) => sum + count, 0);
  if (total === 0) return null;
  let seen = 0;
  for (const bound of lagBounds) {
    seen += lag[String(bound)] ?? 0;
    if (seen >= total * share) return bound;
  }
  return lagBounds[lagBounds.length - 1] ?? null;
}

/** Adds figures to their minutes, all in one write. */
export async function writeMinutes(figures: readonly MinuteFigures[]): Promise<void> {
  if (figures.length === 0) return;
  const minutes = await minutesCollection();
  const expireAt = new Date(Date.now() + keepMs);
  await minutes.bulkWrite(
    figures.map(({ queue, clientCode, minute, lag, ...counts }) => ({
      updateOne: {
        filter: { _id: `${queue}:${clientCode}:${minute.toISOString().slice(0, 16)}` },
        update: {
          $inc: {
            ...counts,
            ...Object.fromEntries(Object.entries(lag).map(([bucket, count]) => [`lag.${bucket}`, count])),
          },
          $setOnInsert: { queue, clientCode, minute, expireAt },
        },
        upsert: true,
      },
    })),
    { ordered: false, timeoutMS: writeLimitMs },
  );
}

/** The minutes that began at `since` or later: one row for each queue and tenant that had something done. */
export async function readMinutes(since: Date): Promise<MinuteFigures[]> {
  const minutes = await minutesCollection();
  const rows: JobMinuteRecord[] = await minutes
    .find({ minute: { $gte: since } }, { hint: "minute" })
    .toArray();
  return rows.map(({ queue, clientCode, minute, done, failed, dead, retried, crashed, lag }) => ({
    queue,
    clientCode,
    minute,
    done,
    failed,
    dead,
    retried,
    crashed: crashed ?? 0,
    lag: lag ?? {},
  }));
}
