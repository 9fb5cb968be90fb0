/** Media of a message that its writer deleted, or that was redacted here. */
import { type Types, trusted } from "mongoose";
import type { TenantContext } from "../../../lib/context/tenant.context";
import type { Change } from "../../../lib/tenant/commit.change";
import { deleteLoose } from "./media.record";

const reasons = {
  revoked: "Whoever sent it has deleted it.",
  redacted: "It was taken away together with its message.",
} as const;

/**
 * Takes away the media that came with a message: nothing can be read of it any more from this change on, and its bytes
 * are deleted behind the commit, else by the sweep. A download or conversion that runs loses its turn.
 * @param message the message before its media were taken off it
 */
export async function revokeMediaInChange(
  ctx: TenantContext,
  change: Change,
  message: { readonly _id: Types.ObjectId; readonly mediaIds: readonly Types.ObjectId[] },
  code: keyof typeof reasons = "revoked",
): Promise<void> {
  if (message.mediaIds.length === 0) return;
  const { models, session, now } = change;
  const rows = await models.MediaAsset.find({
    _id: trusted({ $in: [...message.mediaIds] }),
    messageId: message._id,
    origin: "inbound",
  })
    .session(session)
    .lean();
  for (const { _id, kind, renditions, parts, leadId } of rows) {
    const keys = [...renditions, ...parts].map(({ storageKey }) => storageKey);
    await models.MediaAsset.updateOne(
      { _id },
      {
        $set: {
          state: "failed",
          error: { code, detail: reasons[code] },
          renditions: [],
          parts: [],
          updatedAt: now,
        },
        $push: { looseKeys: { $each: keys } },
        $inc: { version: 1 },
      },
      { session },
    );
    change.record({
      type: "media_updated",
      subject: {
        mediaId: _id.toHexString(),
        messageId: message._id.toHexString(),
        ...(leadId ? { leadId: leadId.toHexString() } : {}),
      },
      data: { state: "failed", kind },
    });
    change.afterCommit(() => deleteLoose(ctx, _id, keys));
  }
}
