import type { Types } from "mongoose";
import type { TenantContext } from "../../../lib/context/tenant.context";
import type { Change } from "../../../lib/tenant/commit.change";
import type { LeadRecord } from "../../../model/saas/lead.schema";
import { checkVersion } from "./crm.problem";
import { livingLead, saveLead } from "./lead.record";
import { toLead } from "./lead.serialiser";

/** Adds tags; those that are there already change nothing. @throws AppError not-found, precondition-failed. */
export async function addTagsInChange(
  _ctx: TenantContext,
  change: Change,
  leadId: string | Types.ObjectId,
  tags: readonly string[],
  ifMatch?: number,
): Promise<LeadRecord> {
  const before = await livingLead(change, leadId);
  checkVersion(before, ifMatch, toLead);
  return saveTags(change, before, [...new Set([...before.tags, ...tags])]);
}

/** Takes tags away; those that are not there change nothing. @throws AppError not-found, precondition-failed. */
export async function removeTagsInChange(
  _ctx: TenantContext,
  change: Change,
  leadId: string | Types.ObjectId,
  tags: readonly string[],
  ifMatch?: number,
): Promise<LeadRecord> {
  const before = await livingLead(change, leadId);
  checkVersion(before, ifMatch, toLead);
  return saveTags(
    change,
    before,
    before.tags.filter((tag) => !tags.includes(tag)),
  );
}

async function saveTags(change: Change, before: LeadRecord, tags: string[]): Promise<LeadRecord> {
  if (tags.length === before.tags.length) return before;
  const saved = await saveLead(change, before, { ...before, tags });
  recordTagEvents(change, before, saved);
  return saved;
}

/** One event per tag that came or went. */
export function recordTagEvents(change: Change, before: LeadRecord, after: LeadRecord): void {
  const subject = { leadId: after._id.toHexString() };
  for (const tag of after.tags.filter((name) => !before.tags.includes(name)))
    change.record({ type: "tag_added", subject, data: { tag } });
  for (const tag of before.tags.filter((name) => !after.tags.includes(name)))
    change.record({ type: "tag_removed", subject, data: { tag } });
}
