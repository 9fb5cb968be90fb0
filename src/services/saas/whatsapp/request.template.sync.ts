import type { Types } from "mongoose";
import { enqueue } from "../../../jobs/queue/enqueue";
import type { TenantContext } from "../../../lib/context/tenant.context";

/** Changes come in bursts; one reading after them is enough. */
const gatherMs = 3_000;

/**
 * Asks for a reading of the templates behind a number. Requests coalesce while one waits; a request that comes during
 * a reading gets a second one, since the first may have passed the changed template already.
 * @returns the job's id.
 */
export async function requestTemplateSync(
  ctx: TenantContext,
  connectionId: Types.ObjectId,
  delayMs: number = gatherMs,
): Promise<string> {
  const id = connectionId.toHexString();
  const job = {
    type: "templates.sync" as const,
    payload: { clientCode: ctx.clientCode, connectionId: id },
    requestId: ctx.requestId,
    delayMs,
  };
  const first = await enqueue({ ...job, key: id });
  if (first.created || first.state !== "running") return first.jobId;
  return (await enqueue({ ...job, key: `${id}:again` })).jobId;
}
