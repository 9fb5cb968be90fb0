/** A lead's timeline: what happened, newest first. Lines are written by `commitChange` with the events they show. */
import { Types, trusted } from "mongoose";
import type { Activity, ListActivities } from "../../../contracts/activity.contract";
import type { TenantContext } from "../../../lib/context/tenant.context";
import { type Page, pageOf } from "../../../lib/query/page";
import { type CrmModels, getCrmModels } from "../../../lib/tenant/get.crm.model";
import type { ActivityRecord } from "../../../model/saas/activity.schema";
import { getLead } from "./lead.list";
import { toTimestamp } from "./lead.serialiser";

/** @throws AppError not-found, invalid-cursor. */
export async function timeline(
  ctx: TenantContext,
  leadId: string,
  query: ListActivities,
): Promise<Page<Activity>> {
  const lead = await getLead(ctx, leadId);
  const models = await getCrmModels(ctx.clientCode);
  const page = await pageOf(ctx, models.Activity, {
    route: "listLeadActivities",
    query: Object.assign({ leadId }, query),
    filter: {
      leadId: new Types.ObjectId(lead.id),
      ...(query.type === undefined ? {} : { type: trusted({ $in: query.type }) }),
    },
    sort: { at: -1, _id: -1 },
  });
  const texts = await noteTexts(models, page.data);
  return { ...page, data: page.data.map((line) => toActivity(line, texts)) };
}

/** Notes are shown with their text, which is stored in the note only. */
async function noteTexts(models: CrmModels, lines: readonly ActivityRecord[]): Promise<Map<string, string>> {
  const ids = lines.flatMap(({ ref }) => (ref?.type === "note" ? [new Types.ObjectId(ref.id)] : []));
  if (ids.length === 0) return new Map();
  const notes = await models.Note.find({ _id: trusted({ $in: ids }) }).lean();
  return new Map(notes.map(({ _id, text }) => [_id.toHexString(), text]));
}

function toActivity(record: ActivityRecord, texts: ReadonlyMap<string, string>): Activity {
  const text = record.ref?.type === "note" ? texts.get(record.ref.id) : undefined;
  return {
    id: record._id.toHexString(),
    leadId: record.leadId.toHexString(),
    type: record.type,
    at: toTimestamp(record.at),
    actor: record.actor,
    changes: record.changes,
    ref: record.ref,
    data: text === undefined ? record.data : { ...record.data, text },
    ruleId: record.ruleId?.toHexString() ?? null,
    runId: record.runId?.toHexString() ?? null,
    eventId: record.eventId,
  };
}
