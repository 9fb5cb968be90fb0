/**
 * Takes jobs back from workers that fell silent. A lease that ran out counts as a crash: the first time the job is
 * tried again at once, then after a pause, and at the third it is dead, so that a job that kills its worker cannot
 * kill them all.
 */
import type { JobRecord } from "../../model/clients/job.schema";
import { raiseDeadJobAlert } from "./alert.dead.job";
import { endingHeads, lineOf } from "./end.job";
import { jobsCollection } from "./jobs.collection";
import { stackNowPlus } from "./server.time";
import { ended, noted, scheduledAt, waitingNow } from "./transitions";

export const maxCrashes = 3;
const crashPauseMs = 5_000;
const slice = 500;

/** An attempt whose worker fell silent, and what became of its job. */
export interface Crash {
  readonly job: Pick<JobRecord, "queue" | "clientCode">;
  readonly outcome: "retried" | "dead" | "cancelled";
}

const expired = { state: "running" as const, $expr: { $lt: ["$leaseUntil", "$$NOW"] } };
const crash = noted({
  code: "lease-expired",
  detail: "Its worker fell silent while it ran; the lease ran out.",
});
const oneMore = { crashes: { $add: ["$crashes", 1] } };

/** Ends the ones that crashed too often or have no attempt left, one by one: they are few. */
async function bury(
  row: Pick<JobRecord, "_id" | "clientCode" | "type" | "token" | "orderingKey" | "crashes">,
) {
  const jobs = await jobsCollection();
  const detail =
    row.crashes + 1 >= maxCrashes
      ? `It took its worker down, or the worker was killed, ${maxCrashes} times; it will not be tried again.`
      : "Its worker fell silent during its last attempt.";
  const failure = { code: row.crashes + 1 >= maxCrashes ? "poison-job" : "lease-expired", detail };
  const update = await endingHeads(lineOf(row), (session) =>
    jobs.updateOne(
      { _id: row._id, token: row.token, ...expired },
      ended("dead", { ...noted(failure), ...oneMore }),
      { session },
    ),
  );
  if (update.matchedCount > 0) await raiseDeadJobAlert(row, failure.detail);
  return update.matchedCount;
}

/** Ends one whose cancellation was asked for while its worker was already silent. */
async function cancelSilent(row: Pick<JobRecord, "_id" | "clientCode" | "token" | "orderingKey">) {
  const jobs = await jobsCollection();
  const update = await endingHeads(lineOf(row), (session) =>
    jobs.updateOne({ _id: row._id, token: row.token, ...expired }, ended("cancelled", oneMore), { session }),
  );
  return update.matchedCount;
}

/** Takes one back. @returns what became of it; undefined when somebody else was first. */
async function takeBack(row: JobRecord): Promise<Crash["outcome"] | undefined> {
  const { _id, token, crashes, attempts, maxAttempts } = row;
  if (row.cancelRequestedAt) return (await cancelSilent(row)) > 0 ? "cancelled" : undefined;
  if (crashes + 1 >= maxCrashes || attempts >= maxAttempts) return (await bury(row)) > 0 ? "dead" : undefined;
  const fields = { ...crash, ...oneMore };
  const pauseMs = crashPauseMs * 2 ** (crashes - 1) * (0.5 + Math.random() / 2);
  const again = crashes === 0 ? waitingNow(fields) : scheduledAt(stackNowPlus(pauseMs), fields);
  const jobs = await jobsCollection();
  const update = await jobs.updateOne({ _id, token, ...expired }, again);
  return update.matchedCount > 0 ? "retried" : undefined;
}

/**
 * Reaps every expired lease, in slices.
 * @param onCrash told of each.
 * @returns how many jobs were taken back.
 */
export async function reapExpired(onCrash: (crash: Crash) => void = () => undefined): Promise<number> {
  const jobs = await jobsCollection();
  let reaped = 0;
  for (;;) {
    const rows = await jobs
      .find(expired)
      .project<JobRecord>({ payload: 0, failures: 0 })
      .hint("lease")
      .limit(slice)
      .toArray();
    for (const row of rows) {
      const outcome = await takeBack(row);
      if (!outcome) continue;
      reaped += 1;
      onCrash({ job: row, outcome });
    }
    if (rows.length < slice) return reaped;
  }
}
