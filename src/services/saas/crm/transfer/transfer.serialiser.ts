import type { Export, Import } from "../../../../contracts/transfer.contract";
import type { LeadExportRecord } from "../../../../model/saas/lead.export.schema";
import type { LeadImportRecord } from "../../../../model/saas/lead.import.schema";
import { toTimestamp } from "../lead.serialiser";

/** A stored import as the API shows it. */
export function toImport(record: LeadImportRecord): Import {
  return {
    id: record._id.toHexString(),
    version: record.version,
    mode: record.mode,
    state: record.state,
    format: record.format,
    fileName: record.fileName,
    sizeBytes: record.sourceBytes,
    columns: record.columns,
    counts: record.counts,
    progress: record.progress,
    samples: record.samples,
    hasErrorFile: record.errorBytes !== null,
    failure: record.failure,
    runRules: record.settings.runRules,
    createdBy: record.createdBy,
    createdAt: toTimestamp(record.createdAt),
    startedAt: toTimestamp(record.startedAt),
    endedAt: toTimestamp(record.endedAt),
    expiresAt: toTimestamp(record.expiresAt),
  };
}

/** A stored export as the API shows it. */
export function toExport(record: LeadExportRecord): Export {
  return {
    id: record._id.toHexString(),
    version: record.version,
    state: record.state,
    format: record.format,
    filter: record.filter,
    columns: record.columns,
    rows: record.rows,
    sizeBytes: record.bytes,
    sha256: record.sha256,
    progress: record.progress,
    failure: record.failure,
    createdBy: record.createdBy,
    createdAt: toTimestamp(record.createdAt),
    startedAt: toTimestamp(record.startedAt),
    endedAt: toTimestamp(record.endedAt),
    expiresAt: toTimestamp(record.expiresAt),
  };
}
