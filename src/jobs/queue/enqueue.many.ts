import type { Enqueued } from "./enqueue";
import { insertJob, plainRow } from "./insert.job";
import { type AnyNewJob, draftJob, isImmediate, type JobDraft } from "./job.draft";
import { jobsCollection } from "./jobs.collection";
import { announce } from "./nudge";
import { readStackTime } from "./server.time";

const batch = 1_000;
/** Jobs with a unique key need an upsert each; this many are under way at once. */
const side = 8;

interface Drafted {
  readonly place: number;
  readonly job: AnyNewJob;
  readonly draft: JobDraft;
}

/** Jobs without any key: inserted in bulk, with times from one reading of the server's clock. */
async function insertPlain(plain: readonly Drafted[]): Promise<[number, Enqueued][]> {
  const [only, ...others] = plain;
  if (!only) return [];
  // One alone needs no reading: the server computes its times as it stores it.
  if (others.length === 0) return [await insertOne(only)];
  const jobs = await jobsCollection();
  const stackTime = await readStackTime();
  const rows = plain.map(({ draft, job }) => plainRow(draft, job, stackTime));
  for (let from = 0; from < rows.length; from += batch)
    await jobs.insertMany(rows.slice(from, from + batch), { ordered: false });
  return plain.map(({ place }, index) => [
    place,
    { jobId: rows[index]?._id.toHexString() ?? "", created: true, state: rows[index]?.state ?? "waiting" },
  ]);
}

async function insertOne({ place, draft, job }: Drafted): Promise<[number, Enqueued]> {
  const { id, created, state } = await insertJob(draft, job);
  return [place, { jobId: id.toHexString(), created, state }];
}

/**
 * Stores many jobs. All payloads are parsed before the first is stored. Not one transaction: when it throws, some may
 * be stored, so callers repeat it only with unique keys. Jobs of one ordering key keep the order of the list.
 * @returns one answer per job, in the order given.
 * @throws what `enqueue` throws.
 */
export async function enqueueMany(list: readonly AnyNewJob[]): Promise<Enqueued[]> {
  const drafted = list.map((job, place): Drafted => ({ place, job, draft: draftJob(job) }));
  const ordered = drafted.filter(({ job }) => job.orderingKey !== undefined);
  const unique = drafted.filter(({ job }) => job.orderingKey === undefined && job.key !== undefined);
  const plain = drafted.filter(({ job }) => job.orderingKey === undefined && job.key === undefined);

  const answers = await insertPlain(plain);
  for (let from = 0; from < unique.length; from += side)
    answers.push(...(await Promise.all(unique.slice(from, from + side).map(insertOne))));
  for (const one of ordered) answers.push(await insertOne(one));

  await announce(drafted.filter(({ job }) => isImmediate(job)).map(({ draft }) => draft));
  return answers.sort(([a], [b]) => a - b).map(([, answer]) => answer);
}
