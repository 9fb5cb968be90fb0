import { trusted } from "mongoose";
import type { TenantContext } from "../../../lib/context/tenant.context";
import { commitChange } from "../../../lib/tenant/commit.change";
import { getCrmModels } from "../../../lib/tenant/get.crm.model";
import { refreshNextMeeting } from "./meeting.record";

const batch = 200;

/** Shows leads whose meeting has begun with the one after it, or none. */
export async function sweepPassedMeetings(ctx: TenantContext): Promise<{ taken: number }> {
  const { Lead } = await getCrmModels(ctx.clientCode);
  const passed = await Lead.find({ nextMeetingAt: trusted({ $gt: new Date(0), $lte: ctx.now() }) })
    .sort({ nextMeetingAt: 1 })
    .limit(batch)
    .select({ _id: 1 })
    .lean();
  if (passed.length === 0) return { taken: 0 };
  await commitChange(ctx, async (change) => {
    for (const { _id } of passed) await refreshNextMeeting(change, _id);
  });
  return { taken: passed.length };
}
