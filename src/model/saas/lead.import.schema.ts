import { Schema, type Types } from "mongoose";
import type { Actor } from "../../contracts/common.contract";
import { type BaseRecord, plainSchema, recordSchema } from "../record.schema";

export interface ImportCounts {
  rows: number;
  created: number;
  updated: number;
  unchanged: number;
  skipped: number;
  failed: number;
}

export interface ImportSettings {
  delimiter: string | null;
  decimalComma: boolean;
  mapping: Record<string, string | null> | null;
  matchBy: ("externalId" | "phone" | "email")[];
  onMatch: "update" | "skip";
  defaultCountry: string | null;
  runRules: boolean;
  defaults: { stageId?: string; ownerId?: string; source?: string; tags?: string[] };
}

export interface ImportSample {
  row: number;
  outcome: "created" | "updated" | "unchanged" | "skipped" | "failed";
  leadId: string | null;
  changes: Record<string, { from: unknown; to: unknown }> | null;
  errors: ImportRowError[] | null;
}

export interface ImportRowError {
  column: string | null;
  code: string;
  detail: string;
}

export interface LeadImportRecord extends BaseRecord {
  mode: "preview" | "commit";
  /** queued -> running -> previewed (preview) or done (commit); failed and cancelled are for good. */
  state: "queued" | "running" | "previewed" | "done" | "failed" | "cancelled";
  format: "csv" | "json";
  fileName: string | null;
  /** Bytes of the file: in our storage (`sourceKey`), or in that of an uploaded media item. */
  sourceKey: string;
  sourceIsMedia: boolean;
  sourceBytes: number;
  settings: ImportSettings;
  /** Which column went where, once the head of the file was read. */
  columns: { column: string; target: string | null }[] | null;
  counts: ImportCounts;
  /** Rows done; written in the transaction of their leads, so that no row is done twice. */
  row: number;
  progress: number;
  samples: ImportSample[];
  /** Attempts since the last row was done: what stops a file that kills whoever reads it. */
  tries: number;
  errorKey: string | null;
  errorBytes: number | null;
  failure: { code: string; detail: string } | null;
  requestId: string;
  createdBy: Actor;
  startedAt: Date | null;
  endedAt: Date | null;
  expiresAt: Date;
}

const zero = () => ({ rows: 0, created: 0, updated: 0, unchanged: 0, skipped: 0, failed: 0 });

export const leadImportSchema = recordSchema<LeadImportRecord>("leadImports", {
  mode: { type: String, enum: ["preview", "commit"], required: true },
  state: {
    type: String,
    enum: ["queued", "running", "previewed", "done", "failed", "cancelled"],
    required: true,
  },
  format: { type: String, enum: ["csv", "json"], required: true },
  fileName: { type: String, default: null },
  sourceKey: { type: String, required: true },
  sourceIsMedia: { type: Boolean, required: true },
  sourceBytes: { type: Number, required: true },
  settings: { type: Schema.Types.Mixed, required: true },
  columns: { type: Schema.Types.Mixed, default: null },
  counts: { type: Schema.Types.Mixed, default: zero },
  row: { type: Number, default: 0 },
  progress: { type: Number, default: 0 },
  samples: { type: Schema.Types.Mixed, default: () => [] },
  tries: { type: Number, default: 0 },
  errorKey: { type: String, default: null },
  errorBytes: { type: Number, default: null },
  failure: { type: Schema.Types.Mixed, default: null },
  requestId: { type: String, required: true },
  createdBy: { type: Schema.Types.Mixed, required: true },
  startedAt: { type: Date, default: null },
  endedAt: { type: Date, default: null },
  expiresAt: { type: Date, required: true },
});

leadImportSchema.index({ createdAt: -1, _id: -1 }, { name: "created" });
// the sweep: what lost its job, what is over
leadImportSchema.index({ state: 1, updatedAt: 1 }, { name: "state" });
leadImportSchema.index({ expiresAt: 1 }, { name: "expires" });

/** A row that was refused, as it stood in the file. */
export interface LeadImportErrorRecord {
  _id: Types.ObjectId;
  importId: Types.ObjectId;
  row: number;
  /** Pairs, since any text may name a column. */
  cells: [string, unknown][];
  problems: ImportRowError[];
  expireAt: Date;
}

export const leadImportErrorSchema = plainSchema<LeadImportErrorRecord>("leadImportErrors", {
  importId: { type: Schema.Types.ObjectId, required: true },
  row: { type: Number, required: true },
  cells: { type: Schema.Types.Mixed, required: true },
  problems: { type: Schema.Types.Mixed, required: true },
  expireAt: { type: Date, required: true },
});

leadImportErrorSchema.index({ importId: 1, row: 1 }, { name: "row", unique: true });
leadImportErrorSchema.index({ expireAt: 1 }, { name: "expire", expireAfterSeconds: 0 });
