import { Types, trusted } from "mongoose";
import type { GraphTemplate } from "../../../contracts/graph.contract";
import type { TenantContext } from "../../../lib/context/tenant.context";
import { type Change, commitChange } from "../../../lib/tenant/commit.change";
import { getCrmModels } from "../../../lib/tenant/get.crm.model";
import { listTemplates } from "../../../lib/whatsapp/graph.client";
import type { TemplateRecord } from "../../../model/saas/template.schema";
import { changedFields } from "../crm/changed.fields";
import { readToken } from "./connection.token";

export interface TemplateSyncReport {
  readonly found: number;
  readonly changed: number;
  readonly deleted: number;
}

/**
 * Makes our copy of an account's templates what Meta has. A template that a complete listing lacks is marked deleted;
 * its row stays, since messages refer to it.
 * @throws GraphCallError when any page fails: nothing is concluded from half a listing.
 */
export async function syncTemplates(
  ctx: TenantContext,
  connectionId: string,
  signal?: AbortSignal,
): Promise<TemplateSyncReport> {
  const { Connection } = await getCrmModels(ctx.clientCode);
  const connection = await Connection.findById(new Types.ObjectId(connectionId)).lean();
  if (!connection) return { found: 0, changed: 0, deleted: 0 };
  const { wabaId } = connection;
  const token = await readToken(ctx.clientCode, connection.phoneNumberId);
  const { templates, unreadable } = await listTemplates({ token, wabaId, signal });
  return commitChange(ctx, async (change) => {
    const rows = await change.models.Template.find({ wabaId }).session(change.session).lean();
    const known = new Map(rows.map((row) => [identityOf(row), row]));
    const changed = await storeTemplates(change, wabaId, templates, known);
    const living = new Set(templates.map(identityOf));
    const gone = rows.filter((row) => row.deletedAt === null && !living.has(identityOf(row)));
    const deleted = unreadable === 0 ? await markDeleted(change, gone) : 0;
    return { found: templates.length, changed, deleted };
  });
}

/** Within one account. */
function identityOf({ name, language }: Pick<TemplateRecord, "name" | "language">): string {
  return `${name} ${language}`;
}

/** @returns how many are new or different. */
async function storeTemplates(
  change: Change,
  wabaId: string,
  templates: readonly GraphTemplate[],
  known: ReadonlyMap<string, TemplateRecord>,
): Promise<number> {
  const { models, session, now } = change;
  const fresh: TemplateRecord[] = [];
  const updates = [];
  for (const template of templates) {
    const state = stateOf(template);
    const before = known.get(identityOf(template));
    const changes = before ? changedFields(before, { ...before, ...state }) : {};
    if (before && Object.keys(changes).length === 0) continue;
    const { name, language } = template;
    const row = before ?? newRow(change, { wabaId, name, language, ...state });
    if (before) {
      const update = { $set: { ...changes, updatedAt: now }, $inc: { version: 1 } };
      updates.push({ updateOne: { filter: { _id: before._id }, update } });
    } else fresh.push(row);
    recordUpdate(change, row._id, { name, language }, state.status);
  }
  if (fresh.length > 0) await models.Template.insertMany(fresh, { session });
  if (updates.length > 0) await models.Template.bulkWrite(updates, { session });
  await models.Template.updateMany({ wabaId, deletedAt: null }, { $set: { syncedAt: now } }, { session });
  return fresh.length + updates.length;
}

type TemplateState = Omit<
  TemplateRecord,
  "_id" | "version" | "createdAt" | "updatedAt" | "syncedAt" | "wabaId" | "name" | "language"
>;

function stateOf(template: GraphTemplate): TemplateState {
  const { rejected_reason } = template;
  return {
    providerId: template.id,
    status: template.status.toUpperCase(),
    category: template.category.toUpperCase(),
    parameterFormat: template.parameter_format,
    components: template.components,
    quality: template.quality_score?.score ?? null,
    rejectedReason: rejected_reason && rejected_reason !== "NONE" ? rejected_reason : null,
    deletedAt: null,
  };
}

function newRow(
  { now }: Change,
  template: TemplateState & Pick<TemplateRecord, "wabaId" | "name" | "language">,
): TemplateRecord {
  return {
    _id: new Types.ObjectId(),
    version: 1,
    createdAt: now,
    updatedAt: now,
    syncedAt: now,
    ...template,
  };
}

async function markDeleted(change: Change, gone: readonly TemplateRecord[]): Promise<number> {
  const { models, session, now } = change;
  if (gone.length === 0) return 0;
  await models.Template.updateMany(
    { _id: trusted({ $in: gone.map(({ _id }) => _id) }) },
    { $set: { status: "DELETED", deletedAt: now, updatedAt: now }, $inc: { version: 1 } },
    { session },
  );
  for (const template of gone) recordUpdate(change, template._id, template, "DELETED");
  return gone.length;
}

function recordUpdate(
  change: Change,
  id: Types.ObjectId,
  { name, language }: { name: string; language: string },
  status: string,
): void {
  change.record({
    type: "template_updated",
    subject: { templateId: id.toHexString() },
    data: { name, language, status },
  });
}
