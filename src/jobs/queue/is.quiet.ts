import type { QueueName } from "./job.catalog";
import { jobsCollection } from "./jobs.collection";
import { readSteering } from "./steering";
import { suspendedAmong, tenantsWithWork } from "./tenants.with.work";

/** Whether nobody runs a job of these queues and none waits, but for those that are paused or of suspended tenants. */
export async function isQuiet(queues: readonly QueueName[]): Promise<boolean> {
  const jobs = await jobsCollection();
  const running = await jobs.findOne(
    { state: "running", queue: { $in: [...queues] } },
    { projection: { _id: 1 }, hint: "lease" },
  );
  if (running) return false;
  const steering = await readSteering();
  const going = queues.filter((queue) => !steering.isPaused(`queue:${queue}`));
  const waiting = new Set((await Promise.all(going.map(tenantsWithWork))).flat());
  const suspended = await suspendedAmong([...waiting]);
  return [...waiting].every(
    (clientCode) => suspended.has(clientCode) || steering.isPaused(`tenant:${clientCode}`),
  );
}
