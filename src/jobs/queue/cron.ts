/**
 * Recurring jobs. Every poller and worker looks often; for each tick one of them takes the entry's mark and enqueues
 * its jobs. Ticks are reckoned by the server's clock plus the stack's offset, so no process's own clock matters.
 */
import { randomUUID } from "node:crypto";
import { isDuplicateKey } from "../../lib/db/duplicate.key";
import { rootLogger } from "../../lib/log/logger";
import { type CronSchedule, latestTick } from "./cron.tick";
import { enqueueMany } from "./enqueue.many";
import type { AnyNewJob } from "./job.draft";
import { marksCollection } from "./jobs.collection";
import { readStackTime } from "./server.time";

export interface CronEntry {
  /** Never changes: the mark is kept under it. */
  readonly name: string;
  readonly schedule: CronSchedule;
  /**
   * What becomes of ticks that nobody was there for. `catch_up_once`: the latest is made up for, however many were
   * missed. `skip`: one that is over for longer than two minutes is left out.
   */
  readonly missed: "catch_up_once" | "skip";
  /** What a tick enqueues, in pages. Give each job a unique key: a tick whose firer died is fired again. */
  jobs(requestId: string): AsyncIterable<readonly AnyNewJob[]>;
}

/** A firer that did not get done in this time has died; another fires the tick again. */
const firingMs = 60_000;
const lateMs = 2 * 60_000;
const never = new Date(0);

const markOf = ({ name }: CronEntry): string => `cron:${name}`;

/** Takes a tick for firing. @returns false when it was fired, or somebody is at it. */
async function takeTick(entry: CronEntry, tick: Date): Promise<boolean> {
  const marks = await marksCollection();
  const due = { _id: markOf(entry), value: { $lt: tick.getTime() }, $expr: { $lt: ["$at", "$$NOW"] } };
  const take = async () =>
    (await marks.updateOne(due, [{ $set: { at: { $add: ["$$NOW", firingMs] } } }])).modifiedCount > 0;
  if (await take()) return true;
  if (await marks.findOne({ _id: markOf(entry) }, { projection: { _id: 1 } })) return false;
  try {
    await marks.insertOne({ _id: markOf(entry), value: 0, at: never });
  } catch (error) {
    if (!isDuplicateKey(error)) throw error;
  }
  return take();
}

/** Notes that a tick was fired, and lets the next one come at once. */
async function settleTick(entry: CronEntry, tick: Date): Promise<void> {
  const marks = await marksCollection();
  await marks.updateOne(
    { _id: markOf(entry), value: { $lt: tick.getTime() } },
    { $set: { value: tick.getTime(), at: never } },
  );
}

async function fire(entry: CronEntry, now: Date): Promise<number> {
  const tick = latestTick(entry.schedule, now);
  if (entry.missed === "skip" && now.getTime() - tick.getTime() > lateMs) return 0;
  if (!(await takeTick(entry, tick))) return 0;
  let enqueued = 0;
  for await (const page of entry.jobs(`cron:${entry.name}:${randomUUID()}`))
    enqueued += (await enqueueMany(page)).filter(({ created }) => created).length;
  await settleTick(entry, tick);
  rootLogger().info("A recurring job was due.", { cron: entry.name, tick: tick.toISOString(), enqueued });
  return enqueued;
}

/**
 * Enqueues what is due of these entries and has not been enqueued by anybody. Any number of processes may call it at
 * any time. An entry that fails is logged and tried again, a minute later; the others go on.
 * @returns how many jobs were enqueued.
 */
export async function fireDue(entries: readonly CronEntry[]): Promise<number> {
  const now = await readStackTime();
  let enqueued = 0;
  for (const entry of entries) {
    try {
      enqueued += await fire(entry, now);
    } catch (error) {
      rootLogger().error("A recurring job could not be enqueued; trying again.", { cron: entry.name }, error);
    }
  }
  return enqueued;
}
