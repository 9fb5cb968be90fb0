import * as z from "zod";
import { keySchema, objectIdSchema } from "../../../../contracts/common.contract";
import type { TenantContext } from "../../../../lib/context/tenant.context";
import { AppError } from "../../../../lib/errors/app.error";
import { sendableMediaByKey } from "../../media/media.outbound.service";
import { renderText } from "../render";
import { defineAction } from "./action";
import { sendAsRule, windowClosedSchema } from "./send.as.rule";

/** Sends a photo, document, video or voice note; outside the 24-hour window the template that stands in for it. */
export const sendMediaAction = defineAction({
  type: "send_media",
  mode: "job",
  sends: true,
  description: "Send a media item to the lead; when the 24-hour window is closed, a template instead.",
  config: {
    mediaKey: keySchema
      .optional()
      .meta({ description: "Key of the item: the newest that is ready.", example: "brochure" }),
    mediaId: objectIdSchema.optional().meta({ description: "Instead of the key: one certain item." }),
    caption: z
      .string()
      .trim()
      .min(1)
      .max(1_024)
      .optional()
      .meta({ description: "Caption; variables allowed.", example: "Our offer, {{lead.firstName}}" }),
    windowClosed: windowClosedSchema.optional(),
  },
  oneOf: ["mediaKey", "mediaId"],
  async run(ctx, { mediaKey, mediaId, caption, windowClosed }, input) {
    const id = mediaId ?? (await idOf(ctx, mediaKey));
    const text = caption === undefined ? undefined : await renderText(caption, input.scope);
    return sendAsRule(ctx, input, { kind: "media", mediaId: id, caption: text }, windowClosed);
  },
});

async function idOf(ctx: TenantContext, mediaKey: string | undefined): Promise<string> {
  const id = mediaKey === undefined ? null : await sendableMediaByKey(ctx, mediaKey);
  if (id) return id;
  throw new AppError(
    "invalid-reference",
    "No media item that is ready has this key. Upload one with this `key`, or name another.",
  );
}
