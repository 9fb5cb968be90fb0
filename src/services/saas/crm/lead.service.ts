/**
 * The life of a lead. Every function here is one change: the lead, its events and its timeline in one transaction,
 * then the events go to the rules. What takes part in somebody else's change is exported as `...InChange`.
 */

import type { Lead } from "../../../contracts/lead.contract";
import type { CreateLead, UpdateLead } from "../../../contracts/lead.input.contract";
import type { MoveLead } from "../../../contracts/lead.stage.contract";
import type { TenantContext } from "../../../lib/context/tenant.context";
import { type Change, commitChange } from "../../../lib/tenant/commit.change";
import type { LeadRecord } from "../../../model/saas/lead.schema";
import { createLeadInChange } from "./lead.create";
import { deleteLeadInChange, restoreLeadInChange } from "./lead.delete";
import { moveLeadInChange } from "./lead.move";
import { toLead } from "./lead.serialiser";
import { addTagsInChange, removeTagsInChange } from "./lead.tags";
import { updateLeadInChange } from "./lead.update";

export { noteMarketingChoiceInChange } from "./lead.consent";
export { type Contact, contactKeys, findContactInChange, findOrCreateContactInChange } from "./lead.contact";
export { createLeadInChange } from "./lead.create";

export {
  findLeadBySubject,
  getLead,
  listDeletedLeads,
  listLeads,
  listStageHistory,
  showLead,
} from "./lead.list";
export { moveLeadInChange } from "./lead.move";

export { addTagsInChange, removeTagsInChange } from "./lead.tags";
export { type Touch, touchLeadInChange } from "./lead.touch";

export { type Upserted, upsertLead } from "./lead.upsert";

/** A lead by id, at the version the caller saw when `ifMatch` is given. */
export interface LeadAt {
  readonly id: string;
  readonly ifMatch?: number | undefined;
}

async function inOneChange(ctx: TenantContext, body: (change: Change) => Promise<LeadRecord>): Promise<Lead> {
  return toLead(await commitChange(ctx, body));
}

/**
 * Creates a lead; the same `effectKey` again answers the one that is there.
 * @throws AppError duplicate (names the twin as `leadId`), invalid-phone, invalid-reference, stage-full, missing-fields.
 */
export async function createLead(ctx: TenantContext, input: CreateLead, effectKey?: string): Promise<Lead> {
  return inOneChange(ctx, (change) => createLeadInChange(ctx, change, input, { effectKey }));
}

/** @throws AppError not-found, precondition-failed, duplicate, invalid-phone. */
export async function updateLead(
  ctx: TenantContext,
  { id, ifMatch }: LeadAt,
  patch: UpdateLead,
): Promise<Lead> {
  return inOneChange(ctx, (change) => updateLeadInChange(ctx, change, id, patch, ifMatch));
}

/** @throws AppError not-found, precondition-failed, invalid-reference, invalid-state, conflict. */
export async function moveLead(ctx: TenantContext, { id, ifMatch }: LeadAt, move: MoveLead): Promise<Lead> {
  const { stageId, beforeId, afterId, lostReason } = move;
  return inOneChange(ctx, (change) =>
    moveLeadInChange(ctx, change, id, { stageId }, { beforeId, afterId, lostReason, ifMatch }),
  );
}

/** For rules, which name stages by key. @throws AppError not-found, invalid-reference. */
export async function moveLeadToStageKey(
  ctx: TenantContext,
  { id, stageKey, pipelineKey }: { id: string; stageKey: string; pipelineKey?: string | undefined },
): Promise<Lead> {
  return inOneChange(ctx, (change) => moveLeadInChange(ctx, change, id, { stageKey, pipelineKey }));
}

/** @throws AppError not-found, precondition-failed. */
export async function addTags(
  ctx: TenantContext,
  { id, tags, ifMatch }: LeadAt & { tags: readonly string[] },
): Promise<Lead> {
  return inOneChange(ctx, (change) => addTagsInChange(ctx, change, id, tags, ifMatch));
}

/** @throws AppError not-found, precondition-failed. */
export async function removeTags(
  ctx: TenantContext,
  { id, tags, ifMatch }: LeadAt & { tags: readonly string[] },
): Promise<Lead> {
  return inOneChange(ctx, (change) => removeTagsInChange(ctx, change, id, tags, ifMatch));
}

/** Hides a lead; restoreLead undoes it. @throws AppError not-found, precondition-failed. */
export async function deleteLead(ctx: TenantContext, { id, ifMatch }: LeadAt): Promise<void> {
  await commitChange(ctx, (change) => deleteLeadInChange(ctx, change, id, ifMatch));
}

/** @throws AppError not-found, precondition-failed, duplicate. */
export async function restoreLead(ctx: TenantContext, { id, ifMatch }: LeadAt): Promise<Lead> {
  return inOneChange(ctx, (change) => restoreLeadInChange(ctx, change, id, ifMatch));
}
