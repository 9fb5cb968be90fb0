import type { EventDispatcher } from "../../lib/context/tenant.context";
import type { QueueName } from "../queue/job.catalog";
import type { JobHandlers } from "../queue/job.handler";
import type { Outcome } from "./settle";

export interface DrainOptions {
  readonly queues: readonly QueueName[];
  /** How many handlers run at once. */
  readonly concurrency: number;
  /** Who hears of the events that jobs cause. */
  readonly dispatch: EventDispatcher;
  /** How many ms are left for this drain; absent: no end. It stops claiming and gives back in time. */
  readonly deadline?: () => number;
  /** Aborted: stop claiming, finish what runs within `graceMs`, give the rest back. */
  readonly signal?: AbortSignal;
  /** Ends after this long without work. Absent: goes on until the deadline or the signal. 0: when a look finds none. */
  readonly untilIdleMs?: number;
  /** How long running handlers may go on after the stop, in ms. Default 5,000; at most what the deadline leaves. */
  readonly graceMs?: number;
  /** Which tenants it serves; absent: all. */
  readonly serves?: (clientCode: string) => boolean;
  /** Stops claiming when this much of the deadline is left, in ms: as long as its slowest handlers take. Default 10,000. */
  readonly reserveMs?: number;
  /** Default: the project's handlers. */
  readonly handlers?: JobHandlers;
  /** Counts into this one while it runs; absent: one of its own. */
  readonly report?: DrainReport;
  /** Shown with the jobs it holds. Default: host and process id. */
  readonly workerId?: string;
}

/** What a drain did, as counts of attempts. */
export interface DrainReport extends Record<Outcome, number> {
  /** Handlers that were started. */
  ran: number;
  /** It ended because nothing was left to do. */
  idle: boolean;
}

/** A report of nothing yet. */
export function emptyReport(): DrainReport {
  const none = { done: 0, retried: 0, dead: 0, cancelled: 0, parked: 0, "given-back": 0, lost: 0 };
  return { ran: 0, ...none, idle: false };
}
