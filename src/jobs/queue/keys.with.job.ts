import type { JobName } from "./job.catalog";
import { jobsCollection } from "./jobs.collection";

/**
 * Those of `keys` under which an unended job is there. One look for many: to enqueue each anew would cost a sweep more
 * than what it looks for.
 */
export async function keysWithJob(
  clientCode: string,
  type: JobName,
  keys: readonly string[],
): Promise<ReadonlySet<string>> {
  if (keys.length === 0) return new Set();
  const jobs = await jobsCollection();
  const rows = await jobs
    .find({ clientCode, type, activeKey: { $in: [...keys] } }, { projection: { activeKey: 1 } })
    .toArray();
  return new Set(rows.flatMap(({ activeKey }) => activeKey ?? []));
}
