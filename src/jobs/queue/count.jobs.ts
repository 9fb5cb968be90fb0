/** Counts that stay cheap however much waits: each looks at no more keys of its index than the most it tells. */
import type { JobState } from "../../model/clients/job.schema";
import type { QueueName } from "./job.catalog";
import { jobsCollection } from "./jobs.collection";

/** The most that a count tells. */
export const mostCounted = 10_000;

/** `capped`: there are more than `count`. */
export interface CappedCount {
  readonly count: number;
  readonly capped: boolean;
}

export type CountedState = Extract<JobState, "waiting" | "scheduled" | "running" | "dead">;

/** Jobs of one tenant in one queue. */
export interface TenantCounts extends Record<CountedState, CappedCount> {
  readonly queue: QueueName;
  readonly clientCode: string;
  /** When the oldest of the waiting became due; of more than are counted, the oldest of those that are next. */
  readonly oldestWaitingAt: Date | null;
}

const indexed = { waiting: "claim", scheduled: "later", dead: "dead" } as const;
const none: CappedCount = { count: 0, capped: false };

/** A count of at most `mostCounted`. */
export function cap(count: number): CappedCount {
  return { count: Math.min(count, mostCounted), capped: count > mostCounted };
}

interface Counted {
  readonly count: number;
  readonly oldest: Date | null;
}

/** The stages of one count: keys of the index alone. */
export function countStages(queue: QueueName, clientCode: string, state: CountedState) {
  return [
    { $match: { state, queue, clientCode } },
    // as the index has them, so that no job is read
    ...(state === "dead" ? [] : [{ $project: { _id: 0, runAt: 1 } }]),
    { $limit: mostCounted + 1 },
    { $group: { _id: null, count: { $sum: 1 }, oldest: { $min: state === "dead" ? null : "$runAt" } } },
  ];
}

async function countIndexed(queue: QueueName, state: keyof typeof indexed): Promise<Map<string, Counted>> {
  const jobs = await jobsCollection();
  const codes: string[] = await jobs.distinct("clientCode", { state, queue });
  const counts = codes.map(async (clientCode) => {
    const [counted] = await jobs
      .aggregate<Counted>(countStages(queue, clientCode, state), { hint: indexed[state] })
      .toArray();
    return [clientCode, counted ?? { count: 0, oldest: null }] as const;
  });
  return new Map(await Promise.all(counts));
}

/** What runs: as many as all workers hold, so read as it is. */
async function countRunning(): Promise<{ queue: string; clientCode: string; count: number }[]> {
  const jobs = await jobsCollection();
  return jobs
    .aggregate<{ queue: string; clientCode: string; count: number }>(
      [
        { $match: { state: "running" } },
        { $limit: mostCounted + 1 },
        { $group: { _id: { queue: "$queue", clientCode: "$clientCode" }, count: { $sum: 1 } } },
        { $project: { _id: 0, queue: "$_id.queue", clientCode: "$_id.clientCode", count: 1 } },
      ],
      { hint: "lease" },
    )
    .toArray();
}

/** Every tenant that has unended or dead jobs in one of these queues, with its counts. */
export async function countJobs(queues: readonly QueueName[]): Promise<TenantCounts[]> {
  const running = await countRunning();
  const perQueue = queues.map(async (queue) => {
    const [waiting, scheduled, dead] = await Promise.all([
      countIndexed(queue, "waiting"),
      countIndexed(queue, "scheduled"),
      countIndexed(queue, "dead"),
    ]);
    const busy = new Map(
      running.filter((row) => row.queue === queue).map((row) => [row.clientCode, row.count]),
    );
    const codes = new Set([...waiting, ...scheduled, ...dead, ...busy].map(([clientCode]) => clientCode));
    const of = (counts: Map<string, Counted>, code: string) => {
      const counted = counts.get(code);
      return counted ? cap(counted.count) : none;
    };
    return [...codes].sort().map((clientCode) => ({
      queue,
      clientCode,
      waiting: of(waiting, clientCode),
      scheduled: of(scheduled, clientCode),
      running: cap(busy.get(clientCode) ?? 0),
      dead: of(dead, clientCode),
      oldestWaitingAt: waiting.get(clientCode)?.oldest ?? null,
    }));
  });
  return (await Promise.all(perQueue)).flat();
}
