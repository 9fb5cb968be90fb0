import { Schema, type Types } from "mongoose";
import type { Actor } from "../../contracts/common.contract";
import { type BaseRecord, recordSchema } from "../record.schema";

export interface LeadExportRecord extends BaseRecord {
  /** queued -> running -> done; failed and cancelled are for good. */
  state: "queued" | "running" | "done" | "failed" | "cancelled";
  format: "csv" | "json";
  /** The filter as the caller gave it. */
  filter: Record<string, unknown>;
  columns: string[] | null;
  /** The columns that the file has, from its first part on. */
  fileColumns: string[] | null;
  /** The file, in pieces that are whole: what an export goes on behind. Nothing is read of them before all are there. */
  parts: { key: string; bytes: number }[];
  /** The piece being written; noted first, so that a crash leaves nothing behind for ever. */
  openKey: string | null;
  /** The last lead of the last part. */
  after: { createdAt: Date; id: Types.ObjectId } | null;
  /** Leads that the filter had when it began. */
  total: number | null;
  bytes: number | null;
  sha256: string | null;
  rows: number;
  progress: number;
  /** Attempts since the last part was done. */
  tries: number;
  failure: { code: string; detail: string } | null;
  requestId: string;
  createdBy: Actor;
  startedAt: Date | null;
  endedAt: Date | null;
  expiresAt: Date;
}

export const leadExportSchema = recordSchema<LeadExportRecord>("leadExports", {
  state: { type: String, enum: ["queued", "running", "done", "failed", "cancelled"], required: true },
  format: { type: String, enum: ["csv", "json"], required: true },
  filter: { type: Schema.Types.Mixed, default: {} },
  columns: { type: Schema.Types.Mixed, default: null },
  fileColumns: { type: [String], default: null },
  parts: { type: Schema.Types.Mixed, default: () => [] },
  openKey: { type: String, default: null },
  after: { type: Schema.Types.Mixed, default: null },
  total: { type: Number, default: null },
  bytes: { type: Number, default: null },
  sha256: { type: String, default: null },
  rows: { type: Number, default: 0 },
  progress: { type: Number, default: 0 },
  tries: { type: Number, default: 0 },
  failure: { type: Schema.Types.Mixed, default: null },
  requestId: { type: String, required: true },
  createdBy: { type: Schema.Types.Mixed, required: true },
  startedAt: { type: Date, default: null },
  endedAt: { type: Date, default: null },
  expiresAt: { type: Date, required: true },
});

leadExportSchema.index({ createdAt: -1, _id: -1 }, { name: "created" });
// the sweep: what lost its job, what is over
leadExportSchema.index({ state: 1, updatedAt: 1 }, { name: "state" });
leadExportSchema.index({ expiresAt: 1 }, { name: "expires" });
