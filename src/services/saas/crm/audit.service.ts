/** The tenant's audit log. Its entries are written by `commitChange` with the changes they tell of. */
import { type QueryFilter, Types, trusted } from "mongoose";
import type { AuditEntry, ListAudit } from "../../../contracts/audit.contract";
import type { TenantContext } from "../../../lib/context/tenant.context";
import { type Page, pageOf } from "../../../lib/query/page";
import { getCrmModels } from "../../../lib/tenant/get.crm.model";
import type { AuditEntryRecord } from "../../../model/saas/audit.entry.schema";
import { toTimestamp } from "./lead.serialiser";

/** Who did what, the latest first. @throws AppError invalid-cursor. */
export async function listAudit(ctx: TenantContext, query: ListAudit): Promise<Page<AuditEntry>> {
  const { AuditEntry } = await getCrmModels(ctx.clientCode);
  const { actorId, action, leadId, from, to } = query;
  const at = {
    ...(from === undefined ? {} : { $gte: new Date(from) }),
    ...(to === undefined ? {} : { $lt: new Date(to) }),
  };
  const filter: QueryFilter<AuditEntryRecord> = {
    ...(actorId === undefined ? {} : { "actor.id": actorId }),
    ...(action === undefined ? {} : { action }),
    ...(leadId === undefined ? {} : { leadId: new Types.ObjectId(leadId) }),
    ...(Object.keys(at).length === 0 ? {} : { at: trusted(at) }),
  };
  const page = await pageOf(ctx, AuditEntry, {
    route: "listAudit",
    query,
    filter,
    sort: { at: -1, _id: -1 },
  });
  return { ...page, data: page.data.map(toAuditEntry) };
}

function toAuditEntry(record: AuditEntryRecord): AuditEntry {
  return {
    id: record._id.toHexString(),
    at: toTimestamp(record.at),
    action: record.action,
    actor: record.actor,
    requestId: record.requestId,
    subject: record.subject,
    changes: record.changes,
    data: record.data,
    ruleId: record.ruleId?.toHexString() ?? null,
    runId: record.runId?.toHexString() ?? null,
    eventId: record.eventId,
  };
}
