/**
 * One run of a poller: take a shard of the queue's tenants, drain it while there is work and time, hold nothing at the
 * end. Runs that find their shard served exit at once, so any number of schedules and nudges make no more pollers than
 * shards.
 */
import { randomUUID } from "node:crypto";
import * as z from "zod";
import type { EventDispatcher } from "../lib/context/tenant.context";
import { env } from "../lib/env/env";
import { rootLogger } from "../lib/log/logger";
import { type DrainReport, drain } from "./drain";
import { invokeFunction } from "./queue/invoke.function";
import type { QueueName } from "./queue/job.catalog";
import type { JobHandlers } from "./queue/job.handler";
import { nextDueInMs } from "./queue/next.due";
import { pollerOf } from "./queue/nudge";
import { keepShard, leaveShard, shardLeaseMs, shardOf, takeShard } from "./queue/shard";
import { tenantsWithWork } from "./queue/tenants.with.work";

/** After the last job it keeps looking this long, so that what follows soon needs no new start. */
const lingerMs = 5_000;
/** A job that is due within this time is waited for; a later one is found by the schedule. */
const waitForMs = 15_000;
/** What promoting and claiming it may take. */
const waitBeyondMs = 500;
/** A run that cannot finish starts the next one, at most this many times in a row; then the schedule takes over. */
const maxDepth = 20;

/** A schedule's event has none of these; a nudge names its shard; a follow-up run also says how many came before it. */
const pollEventSchema = z.object({
  shard: z.number().int().min(0).optional(),
  depth: z.number().int().min(0).default(0),
});

export interface PollOptions {
  readonly queue: QueueName;
  readonly concurrency: number;
  readonly dispatch: EventDispatcher;
  /** How many ms this run may still take, e.g. Lambda's `context.getRemainingTimeInMillis`. */
  readonly deadline: () => number;
  /** Stops claiming when this much is left: as long as the slowest handlers of the queue take. */
  readonly reserveMs: number;
  /** A run that the schedule started does this beside its work. @returns how many jobs it enqueued. Never rejects. */
  readonly onSchedule?: () => Promise<number>;
  /** Default: the project's handlers. */
  readonly handlers?: JobHandlers;
}

export interface PollReport {
  /** The shard it served; absent when all were served by others. */
  readonly shard?: number;
  readonly ran: number;
  /** Nothing was left to do. */
  readonly idle: boolean;
}

/**
 * Runs a poller once.
 * @param event what invoked it: the schedule's event, or ours; anything else counts as the schedule's.
 */
export async function poll(event: unknown, options: PollOptions): Promise<PollReport> {
  const parsed = pollEventSchema.safeParse(event);
  const { shard: wanted, depth } = parsed.success ? parsed.data : { shard: undefined, depth: 0 };
  const { queue } = options;
  const holder = randomUUID();
  const scheduled = wanted === undefined ? options.onSchedule?.() : undefined;
  const shard = await takeAny(queue, wanted, holder);
  if (shard === undefined) {
    await scheduled;
    return { ran: 0, idle: false };
  }

  if (wanted === undefined) await startOthers(queue, shard);
  const report = await serve(shard, holder, options, scheduled ?? (wanted === undefined ? 0 : 1));
  const left = report.idle ? [] : await workOf(queue, shard);
  if (left.length > 0 && depth < maxDepth) await start(queue, { shard, depth: depth + 1 });
  rootLogger().info("The poller is done.", { queue, shard, depth, ran: report.ran, idle: report.idle });
  return { shard, ran: report.ran, idle: report.idle };
}

/** The shard asked for, or the first that nobody serves. */
async function takeAny(
  queue: QueueName,
  wanted: number | undefined,
  holder: string,
): Promise<number | undefined> {
  const shards = wanted === undefined ? [...Array(env().POLLER_SHARDS).keys()] : [wanted];
  for (const shard of shards) if (await takeShard(queue, shard, holder)) return shard;
  return undefined;
}

const workOf = async (queue: QueueName, shard: number): Promise<string[]> =>
  (await tenantsWithWork(queue)).filter((clientCode) => shardOf(clientCode) === shard);

/** The schedule starts one run; shards beside its own that have work get theirs from it. */
async function startOthers(queue: QueueName, own: number): Promise<void> {
  if (env().POLLER_SHARDS === 1) return;
  const shards = new Set((await tenantsWithWork(queue)).map((clientCode) => shardOf(clientCode)));
  shards.delete(own);
  await Promise.all([...shards].map((shard) => start(queue, { shard, depth: 0 })));
}

async function start(queue: QueueName, event: z.infer<typeof pollEventSchema>): Promise<void> {
  const name = pollerOf(queue);
  if (name === "") return;
  try {
    await invokeFunction(name, event);
  } catch (error) {
    rootLogger().warn("A further poller could not be started; the schedule goes on.", { queue }, error);
  }
}

/**
 * Drains the shard under its lease; when another run took it over, stops.
 * @param expected how many jobs are known to have come, or to come soon: then it does not leave after one look.
 */
async function serve(
  shard: number,
  holder: string,
  options: PollOptions,
  expected: number | Promise<number>,
): Promise<Pick<DrainReport, "ran" | "idle">> {
  const { queue, deadline, reserveMs, concurrency, dispatch, handlers } = options;
  const lost = new AbortController();
  const keeping = setInterval(async () => {
    try {
      if (!(await keepShard(queue, shard, holder))) lost.abort();
    } catch (error) {
      rootLogger().warn("The poller's shard could not be renewed; trying again.", { queue, shard }, error);
    }
  }, shardLeaseMs / 3);
  const slice = {
    queues: [queue],
    concurrency,
    dispatch,
    deadline,
    reserveMs,
    graceMs: Number.POSITIVE_INFINITY,
    signal: lost.signal,
    ...(handlers ? { handlers } : {}),
    serves: (clientCode: string) => shardOf(clientCode) === shard,
  };
  let ran = 0;
  let idle = false;
  try {
    const first = await drain({ ...slice, untilIdleMs: 0 });
    ran = first.ran;
    idle = first.idle;
    let linger = (await expected) > 0 || ran > 0 ? lingerMs : 0;
    for (;;) {
      const due = await nextDueInMs();
      if (due <= waitForMs) linger = Math.max(linger, due + waitBeyondMs);
      if (!idle || linger === 0) break;
      const more = await drain({ ...slice, untilIdleMs: linger });
      ran += more.ran;
      idle = more.idle;
      linger = 0;
    }
  } finally {
    clearInterval(keeping);
    await leaveShard(queue, shard, holder);
  }
  // Work that came after the last look relied on us being here.
  const missed = idle && (await workOf(queue, shard)).length > 0;
  return { ran, idle: idle && !missed };
}
