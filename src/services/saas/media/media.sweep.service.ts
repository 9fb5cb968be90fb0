import { trusted } from "mongoose";
import type { TenantContext } from "../../../lib/context/tenant.context";
import { getCrmModels } from "../../../lib/tenant/get.crm.model";
import { leftBehindAfterMs } from "../../../lib/tenant/mark.active";
import { enqueueDownload } from "./media.inbound.service";
import { deleteLoose } from "./media.record";
import { enqueueProcessing, expireUploads } from "./media.upload.service";

const minuteMs = 60_000;
const uploadExpiresAfterMs = 24 * 60 * minuteMs;
/** Nobody writes for longer than a Lambda lives. */
const looseAfterMs = 60 * minuteMs;
const most = 200;

/**
 * Takes up media that a crash left behind: downloads and conversions without a job, uploads that nobody went on with,
 * and bytes that nothing refers to.
 */
export async function sweepMedia(ctx: TenantContext): Promise<{ taken: number }> {
  const { MediaAsset } = await getCrmModels(ctx.clientCode);
  const ago = (ms: number) => new Date(ctx.now().getTime() - ms);
  const waiting = await MediaAsset.find(
    {
      state: trusted({ $in: ["pending", "stored", "processing"] }),
      updatedAt: trusted({ $lt: ago(leftBehindAfterMs) }),
    },
    { state: 1 },
  )
    .limit(most)
    .lean();
  // A job that is still there takes the second one in.
  for (const media of waiting) {
    await (media.state === "pending" ? enqueueDownload : enqueueProcessing)(ctx, media._id);
  }
  const expired = await expireUploads(ctx, ago(uploadExpiresAfterMs));
  const loose = await MediaAsset.find(
    { "looseKeys.0": trusted({ $exists: true }), updatedAt: trusted({ $lt: ago(looseAfterMs) }) },
    { looseKeys: 1 },
  )
    .limit(most)
    .lean();
  for (const media of loose) await deleteLoose(ctx, media._id, media.looseKeys);
  return { taken: waiting.length + expired + loose.length };
}
