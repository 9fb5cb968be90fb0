import { Schema, type Types } from "mongoose";
import {
  mediaKindSchema,
  type mediaRenditionRoleSchema,
  mediaStateSchema,
} from "../../contracts/media.contract";
import { anyId, anyText, type BaseRecord, recordSchema } from "../record.schema";

/** A stored form of a media item: the original, what WhatsApp takes, a thumbnail. Bytes are in the media storage. */
export interface MediaRendition {
  role: (typeof mediaRenditionRoleSchema.options)[number];
  storageKey: string;
  mime: string;
  size: number;
  sha256: string;
  width: number | null;
  height: number | null;
  durationMs: number | null;
}

export interface MediaAssetRecord extends BaseRecord {
  origin: "inbound" | "upload" | "link";
  kind: (typeof mediaKindSchema.options)[number];
  /** uploading (ours) or pending (a customer's, or behind a link) -> stored -> processing -> ready; failed says why in `error`. */
  state: (typeof mediaStateSchema.options)[number];
  declaredMime: string;
  declaredSize: number | null;
  declaredSha256: string | null;
  fileName: string | null;
  /** Name by which rules send it; the newest that is ready counts. */
  key?: string | null;
  /** Of an item that a caller named by a link. */
  sourceUrl?: string | null;
  /** Uploads: parts received, by number. */
  parts: { n: number; size: number; storageKey: string }[];
  /** Storage keys that nothing refers to: being written, replaced or about to be deleted. A crash leaves them here for the sweep. */
  looseKeys: string[];
  /** How often fetching or converting was begun: what stops media that kills whoever opens it. */
  attempts: number;
  renditions: MediaRendition[];
  provider: { name: "whatsapp"; mediaId: string; connectionId: Types.ObjectId } | null;
  /** Our media as Meta knows it after an upload for sending: good for 30 days. */
  uploaded: { connectionId: Types.ObjectId; mediaId: string; expiresAt: Date }[];
  leadId: Types.ObjectId | null;
  messageId: Types.ObjectId | null;
  error: { code: string; detail: string } | null;
}

export const mediaAssetSchema = recordSchema<MediaAssetRecord>("mediaAssets", {
  origin: { type: String, enum: ["inbound", "upload", "link"], required: true },
  kind: { type: String, enum: mediaKindSchema.options, required: true },
  state: {
    type: String,
    enum: mediaStateSchema.options,
    required: true,
  },
  declaredMime: { type: String, required: true },
  declaredSize: { type: Number, default: null },
  declaredSha256: { type: String, default: null },
  fileName: { type: String, default: null },
  key: { type: String, default: null },
  sourceUrl: { type: String, default: null },
  parts: {
    type: [new Schema({ n: Number, size: Number, storageKey: String }, { _id: false })],
    default: () => [],
  },
  looseKeys: { type: [String], default: () => [] },
  attempts: { type: Number, default: 0 },
  renditions: { type: Schema.Types.Mixed, default: () => [] },
  provider: { type: Schema.Types.Mixed, default: null },
  uploaded: { type: Schema.Types.Mixed, default: () => [] },
  leadId: { type: Schema.Types.ObjectId, default: null },
  messageId: { type: Schema.Types.ObjectId, default: null },
  error: { type: Schema.Types.Mixed, default: null },
});

// a lead's media, when it is merged or erased
mediaAssetSchema.index({ leadId: 1, createdAt: -1 }, { name: "lead" });
// the media of a message, also when its webhook is processed twice
mediaAssetSchema.index({ messageId: 1 }, { name: "message", partialFilterExpression: { messageId: anyId } });
// what rules name by key
mediaAssetSchema.index({ key: 1, createdAt: -1 }, { name: "key", partialFilterExpression: { key: anyText } });
// the sweep: work that a crash left behind, uploads that nobody went on with
mediaAssetSchema.index(
  { state: 1, updatedAt: 1 },
  {
    name: "unsettled",
    partialFilterExpression: { state: { $in: ["pending", "uploading", "stored", "processing"] } },
  },
);
// the sweep: bytes that a crash left behind
mediaAssetSchema.index(
  { updatedAt: 1 },
  { name: "loose", partialFilterExpression: { "looseKeys.0": { $exists: true } } },
);
