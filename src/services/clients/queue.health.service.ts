/** How the queue is: counts that stay cheap, and figures from the minutes that runners wrote. */
import type { QueueCounts, QueueHealth, QueueWindow } from "../../contracts/job.contract";
import { type CountedState, cap, countJobs, type TenantCounts } from "../../jobs/queue/count.jobs";
import { jobNames, queueNames } from "../../jobs/queue/job.catalog";
import {
  addFigures,
  type Figures,
  lagPercentile,
  type MinuteFigures,
  noFigures,
  readMinutes,
} from "../../jobs/queue/job.minutes";
import { readStackTime } from "../../jobs/queue/server.time";
import { readSteering, type Steering } from "../../jobs/queue/steering";

const minuteMs = 60_000;

/** The whole of it, per queue and per tenant. */
export async function queueHealth(): Promise<QueueHealth> {
  const at = await readStackTime();
  const [counts, minutes, steering] = await Promise.all([
    countJobs(queueNames),
    readMinutes(new Date(at.getTime() - 60 * minuteMs)),
    readSteering(),
  ]);
  const windowsOf = (rows: readonly MinuteFigures[]) => ({
    last5Minutes: windowOf(rows, at, 5),
    lastHour: windowOf(rows, at, 60),
  });
  return {
    at: at.toISOString(),
    pausedTypes: jobNames.filter((type) => steering.isPaused(`type:${type}`)),
    queues: queueNames.map((queue) => ({
      ...countsOfQueue(queue, counts, steering),
      ...windowsOf(minutes.filter((row) => row.queue === queue)),
    })),
    tenants: queueNames.flatMap((queue) =>
      tenantsOf(queue, counts, minutes).map((clientCode) => {
        const own = counts.filter((row) => row.queue === queue && row.clientCode === clientCode);
        return {
          clientCode,
          queue,
          paused: steering.isPaused(`tenant:${clientCode}`),
          ...sumOf(own),
          ...windowsOf(minutes.filter((row) => row.queue === queue && row.clientCode === clientCode)),
        };
      }),
    ),
  };
}

/** Only how many jobs of each queue are in which state. */
export async function queueCounts(): Promise<QueueCounts[]> {
  const [counts, steering] = await Promise.all([countJobs(queueNames), readSteering()]);
  return queueNames.map((queue) => countsOfQueue(queue, counts, steering));
}

function countsOfQueue(
  queue: (typeof queueNames)[number],
  counts: readonly TenantCounts[],
  steering: Steering,
): QueueCounts {
  const own = counts.filter((row) => row.queue === queue);
  return { queue, paused: steering.isPaused(`queue:${queue}`), ...sumOf(own) };
}

function tenantsOf(
  queue: string,
  counts: readonly TenantCounts[],
  minutes: readonly MinuteFigures[],
): string[] {
  const all = [...counts, ...minutes].filter((row) => row.queue === queue);
  return [...new Set(all.map(({ clientCode }) => clientCode))].sort();
}

/** A part that was cut off makes the sum one that is. */
function sumOf(rows: readonly TenantCounts[]): Omit<QueueCounts, "queue" | "paused"> {
  const sum = (state: CountedState) => {
    const { count, capped } = cap(rows.reduce((total, row) => total + row[state].count, 0));
    return { count, capped: capped || rows.some((row) => row[state].capped) };
  };
  const oldest = rows
    .flatMap(({ oldestWaitingAt }) => (oldestWaitingAt ? [oldestWaitingAt.getTime()] : []))
    .reduce((least, time) => Math.min(least, time), Number.POSITIVE_INFINITY);
  return {
    waiting: sum("waiting"),
    scheduled: sum("scheduled"),
    running: sum("running"),
    dead: sum("dead"),
    oldestWaitingAt: Number.isFinite(oldest) ? new Date(oldest).toISOString() : null,
  };
}

/** The minutes that began within so many minutes: the one that is not over yet counts as far as it is written. */
function windowOf(rows: readonly MinuteFigures[], at: Date, minutes: number): QueueWindow {
  const since = at.getTime() - minutes * minuteMs;
  const sum: Figures = noFigures();
  for (const row of rows) if (row.minute.getTime() >= since) addFigures(sum, row);
  const { done, failed, dead, retried, crashed, lag } = sum;
  const all = done + failed;
  return {
    done,
    failed,
    dead,
    retried,
    crashed,
    perMinute: Math.round((done / minutes) * 100) / 100,
    failureRate: all === 0 ? null : Math.round((failed / all) * 10_000) / 10_000,
    lagMs: {
      p50: lagPercentile(lag, 0.5),
      p95: lagPercentile(lag, 0.95),
      p99: lagPercentile(lag, 0.99),
    },
  };
}
