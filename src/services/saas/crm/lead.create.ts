import { Types } from "mongoose";
import type { CreateLead } from "../../../contracts/lead.input.contract";
import type { TenantContext } from "../../../lib/context/tenant.context";
import { requirePhone } from "../../../lib/phone/phone";
import type { Change } from "../../../lib/tenant/commit.change";
import type { LeadPhone, LeadRecord } from "../../../model/saas/lead.schema";
import { invalidReference } from "./crm.problem";
import { requireCustomValues } from "./custom.field.values";
import { consentFrom, nothingChosen } from "./lead.consent";
import { claimIdentities, duplicateLead, findTwin, identityKeysOf } from "./lead.identity";
import { displayNameOf } from "./lead.name";
import { requireOwner, tellOwner } from "./lead.owner";
import { rankFor } from "./lead.place";
import { livingLead } from "./lead.record";
import { searchable } from "./lead.searchable";
import { readSettings } from "./settings.read";
import { requireEntry } from "./stage.entry";
import { recordStageEvents, stageData } from "./stage.events";
import { enterStage } from "./stage.history";
import { findFirstStage, findStageById, type StagePlace } from "./stage.lookup";
import { requireTeam } from "./team.pick";
import { noteNames } from "./vocabulary.note";

/** Fields of a new lead that inbound messages know and the API does not take. */
export interface NewLeadExtras {
  readonly phone?: LeadPhone | null;
  readonly waId?: string | null;
  readonly waUserId?: string | null;
  readonly username?: string | null;
  readonly waProfileName?: string | null;
  readonly waSeen?: LeadRecord["waSeen"];
  readonly consent?: LeadRecord["consent"];
  /** Identity keys beside those that follow from phone and waId. */
  readonly keys?: readonly string[];
  /** Names the request that asks: the same one again finds the lead that was made. */
  readonly effectKey?: string | undefined;
}

/**
 * Creates a lead in somebody's change, in the first open stage of the default pipeline unless told otherwise.
 * @throws AppError duplicate naming the twin, invalid-phone, invalid-reference for a stage, pipeline, team or owner,
 * stage-full and missing-fields for a stage that was named.
 */
export async function createLeadInChange(
  ctx: TenantContext,
  change: Change,
  input: CreateLead,
  extras: NewLeadExtras = {},
): Promise<LeadRecord> {
  const { Lead } = change.models;
  const { effectKey } = extras;
  const made = effectKey === undefined ? null : await madeBefore(change, effectKey);
  if (made) return made;
  await requireCustomValues(change, input.custom);
  await requireTeam(change, input.teamId);
  await requireOwner(ctx, input.ownerId);
  const phone = extras.phone ?? (await phoneFrom(change, input.phone ?? null));
  const place = await placeFor(change, input);
  const bare = newLeadRecord(ctx, change.now, input, { ...extras, phone }, place);
  const record = await searchable(change.models, bare, change.session);
  const identity = {
    keys: [...identityKeysOf(record), ...(extras.keys ?? [])],
    email: record.emailLower,
    externalIds: record.externalIds,
  };
  const twin = await findTwin(change.models, identity, null, change.session);
  if (twin) throw duplicateLead(twin);
  // Whoever names a stage minds what it asks for; who names none may be somebody's message, which is never refused.
  if (place && input.stageId) await requireEntry(change, record, place, undefined);
  if (place) record.rank = await rankFor(ctx, change, place.stage._id, {}, null);
  await Lead.insertMany([record], { session: change.session });
  await claimIdentities(change, record._id, identity.keys);
  await noteNames(change, [record]);
  change.record({
    ...(effectKey === undefined ? {} : { id: eventIdOf(effectKey) }),
    type: "lead_created",
    subject: { leadId: record._id.toHexString() },
    data: { source: record.source, ...stageData(place) },
  });
  if (place) {
    await enterStage(ctx, change, record._id, null, place);
    await recordStageEvents(change, null, record, place);
  }
  await tellOwner(ctx, change, record);
  return record;
}

const eventIdOf = (effectKey: string) => `lead_created:${effectKey}`;

/** The lead that an earlier try of the same request made. */
async function madeBefore(change: Change, effectKey: string): Promise<LeadRecord | null> {
  const { Outbox } = change.models;
  const event = await Outbox.findOne({ eventId: eventIdOf(effectKey) })
    .session(change.session)
    .lean();
  return event?.subject.leadId === undefined ? null : livingLead(change, event.subject.leadId);
}

/** A phone number as leads store it. @throws AppError invalid-phone at `/phone`. */
export async function phoneFrom(change: Change, raw: string | null): Promise<LeadPhone | null> {
  if (raw === null) return null;
  const { defaultCountry } = await readSettings(change.models, change.session);
  const { e164, country, candidates } = await requirePhone(raw, defaultCountry, "/phone");
  return { e164, raw, country, candidates };
}

async function placeFor(change: Change, input: CreateLead): Promise<StagePlace | null> {
  const { models, session } = change;
  if (input.stageId) {
    const place = await findStageById(models, input.stageId, session);
    if (!place) throw invalidReference("/stageId", "stage");
    if (input.pipelineId && !place.pipeline._id.equals(input.pipelineId))
      throw invalidReference("/stageId", "stage of this pipeline");
    return place;
  }
  const place = await findFirstStage(models, input.pipelineId, session);
  if (!place && input.pipelineId) throw invalidReference("/pipelineId", "pipeline");
  return place;
}

/** A new lead as it is stored, still without its rank. Pure, but for its new id. */
export function newLeadRecord(
  ctx: TenantContext,
  now: Date,
  input: CreateLead,
  extras: NewLeadExtras,
  place: StagePlace | null,
): LeadRecord {
  const status = place?.stage.type ?? "open";
  const names = {
    firstName: input.firstName ?? null,
    lastName: input.lastName ?? null,
    company: input.company ?? null,
    phone: extras.phone ?? null,
    username: extras.username ?? null,
    emailLower: input.email ?? null,
  };
  return {
    _id: new Types.ObjectId(),
    version: 1,
    createdAt: now,
    updatedAt: now,
    ...names,
    displayName: input.displayName ?? displayNameOf(names),
    waId: extras.waId ?? null,
    waUserId: extras.waUserId ?? null,
    externalIds: Object.entries(input.externalIds ?? {}).map(([system, id]) => ({ system, id })),
    ownerId: input.ownerId ?? null,
    teamId: input.teamId ? new Types.ObjectId(input.teamId) : null,
    pipelineId: place?.pipeline._id ?? null,
    stageId: place?.stage._id ?? null,
    stageEnteredAt: place ? now : null,
    stalledAt: null,
    rank: null,
    status,
    wonAt: status === "won" ? now : null,
    lostAt: status === "lost" ? now : null,
    lostReasonKey: null,
    value: input.value ?? null,
    score: input.score ?? 0,
    source: input.source ?? null,
    sourceDetail: input.sourceDetail ?? null,
    tags: input.tags ?? [],
    custom: input.custom ?? {},
    timezone: input.timezone ?? null,
    locale: input.locale ?? null,
    waProfileName: extras.waProfileName ?? null,
    waSeen: extras.waSeen ?? {},
    consent: extras.consent ?? consentFrom(input.consent ?? {}, nothingChosen, now),
    doNotContact: input.doNotContact ?? false,
    doNotContactReason: input.doNotContact ? (input.doNotContactReason ?? null) : null,
    lastInboundAt: null,
    lastOutboundAt: null,
    lastActivityAt: now,
    nextMeetingAt: null,
    mergedInto: null,
    deletedAt: null,
    createdBy: ctx.actor,
  };
}
