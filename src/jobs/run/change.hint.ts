import { setTimeout as sleep } from "node:timers/promises";
import { rootLogger } from "../../lib/log/logger";
import { type QueueName, queueNames } from "../queue/job.catalog";
import { jobsCollection } from "../queue/jobs.collection";
import { wakeLocalDrains } from "../queue/wake";

const reopenMs = 2_000;

/** Just enough of a change to know that some job became waiting. */
const becameWaiting = [
  {
    $match: {
      $or: [
        { operationType: "insert", "fullDocument.state": "waiting" },
        { operationType: "update", "updateDescription.updatedFields.state": "waiting" },
      ],
    },
  },
  { $project: { _id: 1, "fullDocument.queue": 1, "fullDocument.clientCode": 1 } },
];

/**
 * Wakes this process's drains when a job becomes waiting anywhere, so that pick-up takes milliseconds. Only a hint:
 * while the stream is away, the drains find the same jobs by looking. Resolves when the signal is aborted.
 */
export async function followChanges(queues: readonly QueueName[], signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    try {
      await follow(queues, signal);
    } catch (error) {
      if (signal.aborted) return;
      rootLogger().warn(
        "The stream of new jobs broke; jobs are found by looking until it is back.",
        {},
        error,
      );
      await sleep(reopenMs, undefined, { signal }).catch(() => undefined);
    }
  }
}

async function follow(queues: readonly QueueName[], signal: AbortSignal): Promise<void> {
  const jobs = await jobsCollection();
  const stream = jobs.watch(becameWaiting);
  const close = () => void stream.close();
  signal.addEventListener("abort", close);
  try {
    for await (const change of stream) {
      const row = "fullDocument" in change ? change.fullDocument : undefined;
      // An update does not say whose job it is; a look is cheap.
      for (const queue of queueNames)
        if (queues.includes(queue) && (row === undefined || row.queue === queue))
          wakeLocalDrains(queue, row?.clientCode ?? "");
    }
  } finally {
    signal.removeEventListener("abort", close);
    await stream.close();
  }
}
