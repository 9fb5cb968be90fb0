import { trusted } from "mongoose";
import type { TenantContext } from "../../../../lib/context/tenant.context";
import { getCrmModels } from "../../../../lib/tenant/get.crm.model";
import { enqueueBroadcast } from "./broadcast.steer";

/** Gives a job to each broadcast that should have one: a crash may have lost it. */
export async function sweepBroadcasts(ctx: TenantContext): Promise<{ taken: number }> {
  const { Broadcast } = await getCrmModels(ctx.clientCode);
  const found = await Broadcast.find({
    state: trusted({ $in: ["scheduled", "running", "stopped"] }),
    endedAt: null,
  })
    .select({ state: 1, startAt: 1 })
    .lean();
  for (const broadcast of found) await enqueueBroadcast(ctx, broadcast);
  return { taken: found.length };
}
