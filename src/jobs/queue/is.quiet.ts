import { trusted } from "mongoose";
import { getCentralModels } from "../../lib/db/get.central.models";
import type { QueueName } from "./job.catalog";
import { suspendedAmong, tenantsWithWork } from "./tenants.with.work";

/** Whether nobody runs a job of these queues and none waits, but for those of tenants that are suspended. */
export async function isQuiet(queues: readonly QueueName[]): Promise<boolean> {
  const { Job } = await getCentralModels();
  const running = await Job.exists({ state: "running", queue: trusted({ $in: [...queues] }) });
  if (running) return false;
  const waiting = new Set((await Promise.all(queues.map(tenantsWithWork))).flat());
  const suspended = await suspendedAmong([...waiting]);
  return [...waiting].every((clientCode) => suspended.has(clientCode));
}
