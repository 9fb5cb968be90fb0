import type { QueueName } from "./job.catalog";
import { jobsCollection } from "./jobs.collection";
import { suspendedAmong, tenantsWithWork } from "./tenants.with.work";

/** Whether nobody runs a job of these queues and none waits, but for those of tenants that are suspended. */
export async function isQuiet(queues: readonly QueueName[]): Promise<boolean> {
  const jobs = await jobsCollection();
  const running = await jobs.findOne(
    { state: "running", queue: { $in: [...queues] } },
    { projection: { _id: 1 }, hint: "lease" },
  );
  if (running) return false;
  const waiting = new Set((await Promise.all(queues.map(tenantsWithWork))).flat());
  const suspended = await suspendedAmong([...waiting]);
  return [...waiting].every((clientCode) => suspended.has(clientCode));
}
