/** The kinds of events that a tenant's systems send, and what their data must hold. */
import { Types } from "mongoose";
import * as z from "zod";
import { timestampInputSchema } from "../../../contracts/common.contract";
import type { EventType, EventTypeInput, EventTypePatch } from "../../../contracts/event.type.contract";
import { appointmentEventTypes } from "../../../contracts/external.event.contract";
import type { TenantContext } from "../../../lib/context/tenant.context";
import { isDuplicateKey } from "../../../lib/db/duplicate.key";
import { AppError } from "../../../lib/errors/app.error";
import { validationProblem } from "../../../lib/http/validation.problem";
import { type Page, pageOf } from "../../../lib/query/page";
import { type Change, commitChange } from "../../../lib/tenant/commit.change";
import { getCrmModels } from "../../../lib/tenant/get.crm.model";
import type { EventFieldRecord, EventTypeRecord } from "../../../model/saas/event.type.schema";
import { checkVersion, invalidState, notFound } from "../crm/crm.problem";

const maxTypes = 200;

/** Types by key. @throws AppError invalid-cursor */
export async function listEventTypes(
  ctx: TenantContext,
  query: { limit: number; cursor?: string | undefined },
): Promise<Page<EventType>> {
  const { EventType } = await getCrmModels(ctx.clientCode);
  const page = await pageOf<EventTypeRecord>(ctx, EventType, {
    route: "listEventTypes",
    query,
    filter: {},
    sort: { key: 1 },
  });
  return { ...page, data: page.data.map(toEventType) };
}

/** @throws AppError not-found */
export async function getEventType(ctx: TenantContext, key: string): Promise<EventType> {
  const { EventType } = await getCrmModels(ctx.clientCode);
  const record = await EventType.findOne({ key }).lean();
  if (!record) throw notFound("event type");
  return toEventType(record);
}

/**
 * Declares a type, or declares it anew. Events that were taken before stay as they are.
 * @throws AppError precondition-failed, invalid-state for a built-in name or above the limit
 */
export async function declareEventType(
  ctx: TenantContext,
  { key, ifMatch }: { key: string; ifMatch?: number | undefined },
  input: EventTypeInput,
): Promise<EventType> {
  requireOwnName(key);
  try {
    return await commitChange(ctx, (change) => declareInChange(change, key, ifMatch, input));
  } catch (error) {
    if (!isDuplicateKey(error)) throw error;
    return declareEventType(ctx, { key, ifMatch }, input);
  }
}

async function declareInChange(
  change: Change,
  key: string,
  ifMatch: number | undefined,
  input: EventTypeInput,
): Promise<EventType> {
  const { EventType } = change.models;
  const { session, now } = change;
  const before = await EventType.findOne({ key }).session(session).lean();
  const fields = input.fields.map(
    (field): EventFieldRecord => ({ ...field, options: field.options ?? null }),
  );
  const { name, createsLead } = input;
  if (!before) {
    if (ifMatch !== undefined) throw notFound("event type");
    if ((await EventType.countDocuments({}).session(session)) >= maxTypes)
      throw invalidState(`A tenant has at most ${maxTypes} event types. Delete one first.`);
    const record = { _id: new Types.ObjectId(), version: 1, createdAt: now, updatedAt: now, key };
    await EventType.insertMany([{ ...record, name, fields, createsLead }], { session });
    recordTypeEvent(change, key, "declared");
    return toEventType({ ...record, name, fields, createsLead });
  }
  checkVersion(before, ifMatch, toEventType);
  const after = { ...before, name, fields, createsLead };
  if (JSON.stringify(toEventType(after)) === JSON.stringify(toEventType(before))) return toEventType(before);
  const saved = { ...after, version: before.version + 1, updatedAt: now };
  const { version, updatedAt } = saved;
  await EventType.updateOne(
    { _id: before._id },
    { $set: { name, fields, createsLead, version, updatedAt } },
    { session },
  );
  recordTypeEvent(change, key, "declared");
  return toEventType(saved);
}

/**
 * Declares a type that is not declared yet.
 * @throws AppError duplicate naming the one there is, invalid-state for a built-in name or above the limit
 */
export async function createEventType(
  ctx: TenantContext,
  { key, ...input }: EventTypeInput & { key: string },
): Promise<EventType> {
  requireOwnName(key);
  try {
    return await commitChange(ctx, async (change) => {
      if (await change.models.EventType.exists({ key }).session(change.session)) throw twin(key);
      return declareInChange(change, key, undefined, input);
    });
  } catch (error) {
    throw isDuplicateKey(error) ? twin(key) : error;
  }
}

/** Changes what is named, and leaves the rest. @throws AppError not-found, precondition-failed */
export async function changeEventType(
  ctx: TenantContext,
  { key, ifMatch }: { key: string; ifMatch?: number | undefined },
  patch: EventTypePatch,
): Promise<EventType> {
  return commitChange(ctx, async (change) => {
    const record = await change.models.EventType.findOne({ key }).session(change.session).lean();
    if (!record) throw notFound("event type");
    const { name, createsLead } = record;
    const fields = record.fields.map(({ options, ...field }) => (options ? { ...field, options } : field));
    return declareInChange(change, key, ifMatch, { name, createsLead, fields, ...definedOf(patch) });
  });
}

const definedOf = ({ name, fields, createsLead }: EventTypePatch) => ({
  ...(name === undefined ? {} : { name }),
  ...(fields === undefined ? {} : { fields }),
  ...(createsLead === undefined ? {} : { createsLead }),
});

function requireOwnName(key: string): void {
  if (appointmentEventTypes.some((type) => type === key))
    throw invalidState("Appointment events have a meaning of their own already. Choose another name.");
}

const twin = (key: string) =>
  new AppError("duplicate", "There is an event type of this key. Change it, or choose another key.", {
    extensions: { existing: { key } },
  });

/** From now on its events are taken with any data. @throws AppError not-found */
export async function deleteEventType(ctx: TenantContext, key: string): Promise<void> {
  await commitChange(ctx, async (change) => {
    const { deletedCount } = await change.models.EventType.deleteOne({ key }, { session: change.session });
    if (deletedCount === 0) throw notFound("event type");
    recordTypeEvent(change, key, "deleted");
  });
}

/** The declaration of a type; null when it has none. */
export async function declaredType(ctx: TenantContext, key: string): Promise<EventTypeRecord | null> {
  const { EventType } = await getCrmModels(ctx.clientCode);
  return EventType.findOne({ key }).lean();
}

/** @throws AppError validation-failed with a pointer per wrong value of `data` */
export function requireDeclaredData(type: EventTypeRecord, data: Readonly<Record<string, unknown>>): void {
  const shape = Object.fromEntries(
    type.fields.map((field) => [
      field.key,
      field.required ? valueSchema(field) : valueSchema(field).nullish(),
    ]),
  );
  const parsed = z.strictObject(shape).safeParse(data);
  if (!parsed.success) throw validationProblem(parsed.error, "/data");
}

function valueSchema({ type, options }: EventFieldRecord): z.ZodType {
  switch (type) {
    case "text":
      return z.string().max(4_096);
    case "number":
      return z.number();
    case "boolean":
      return z.boolean();
    case "date":
      return z.iso.date({ error: "must be a day such as 2026-12-01" });
    case "time":
      return timestampInputSchema;
    case "choice":
      return z.enum(options ?? [], { error: "must be one of the type's options" });
  }
}

function recordTypeEvent(change: Change, key: string, action: string): void {
  change.record({ type: "settings_updated", subject: {}, data: { eventType: key, action } });
}

function toEventType(record: EventTypeRecord): EventType {
  const { key, name, createsLead, version } = record;
  return {
    id: record._id.toHexString(),
    version,
    key,
    name,
    fields: record.fields.map((field) => ({
      key: field.key,
      type: field.type,
      required: field.required,
      options: field.type === "choice" ? field.options : null,
    })),
    createsLead,
    createdAt: record.createdAt.toISOString(),
    updatedAt: record.updatedAt.toISOString(),
  };
}
