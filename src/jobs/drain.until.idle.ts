import { setTimeout as sleep } from "node:timers/promises";
import type { EventDispatcher } from "../lib/context/tenant.context";
import { drain } from "./drain";
import { isQuiet } from "./queue/is.quiet";
import { queueNames } from "./queue/job.catalog";
import type { JobHandlers } from "./queue/job.handler";
import { sweepMarkedTenants } from "./sweep.marked.tenants";

const pauseMs = 50;

export interface DrainUntilIdleOptions {
  readonly dispatch: EventDispatcher;
  readonly concurrency?: number;
  /** Gives up waiting after this long. */
  readonly limitMs: number;
  readonly handlers?: JobHandlers;
}

/**
 * Runs all due jobs of all queues here and waits for those that run elsewhere, until none is left or `limitMs` have
 * passed. Tenants with a recent mark are swept first. For the local stack and tests: it is how to see everything done.
 * @returns how many attempts were made here, and whether nothing is left.
 */
export async function drainUntilIdle(
  options: DrainUntilIdleOptions,
): Promise<{ ran: number; done: boolean }> {
  const { dispatch, concurrency = 8, limitMs, handlers } = options;
  const signal = AbortSignal.timeout(limitMs);
  let ran = 0;
  await sweepMarkedTenants();
  while (!signal.aborted) {
    const report = await drain({
      queues: queueNames,
      concurrency,
      dispatch,
      signal,
      untilIdleMs: 0,
      ...(handlers ? { handlers } : {}),
    });
    ran += report.ran;
    if (report.idle && (await isQuiet(queueNames))) return { ran, done: true };
    await sleep(pauseMs);
  }
  return { ran, done: false };
}
