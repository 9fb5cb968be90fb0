import { Schema } from "mongoose";
import type { Actor } from "../../contracts/common.contract";
import { type BaseRecord, recordSchema } from "../record.schema";

export interface LeadExportRecord extends BaseRecord {
  /** queued -> running -> done; failed and cancelled are for good. */
  state: "queued" | "running" | "done" | "failed" | "cancelled";
  format: "csv" | "json";
  /** The filter as the caller gave it. */
  filter: Record<string, unknown>;
  columns: string[] | null;
  /** Where the bytes lie; noted before they are written, so that a crash leaves nothing behind for ever. */
  storageKey: string | null;
  bytes: number | null;
  sha256: string | null;
  rows: number;
  progress: number;
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
  storageKey: { type: String, default: null },
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
