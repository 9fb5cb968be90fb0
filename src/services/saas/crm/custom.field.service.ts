/** The tenant's own fields of leads. */
import { Types } from "mongoose";
import type {
  CreateCustomField,
  CustomField,
  UpdateCustomField,
} from "../../../contracts/custom.field.contract";
import type { TenantContext } from "../../../lib/context/tenant.context";
import { AppError } from "../../../lib/errors/app.error";
import { invalidRequest } from "../../../lib/http/validation.problem";
import { type Page, pageOf } from "../../../lib/query/page";
import { type Change, commitChange } from "../../../lib/tenant/commit.change";
import { getCrmModels } from "../../../lib/tenant/get.crm.model";
import type { CustomFieldRecord } from "../../../model/saas/custom.field.schema";
import { changedFields, shownChanges } from "./changed.fields";
import { checkVersion, invalidState, notFound } from "./crm.problem";
import { enqueueReindex } from "./lead.reindex";
import { toTimestamp } from "./lead.serialiser";

const maxFields = 100;

/** A field by id, at the version the caller saw when `ifMatch` is given. */
export interface CustomFieldAt {
  readonly id: string;
  readonly ifMatch?: number | undefined;
}

/** Fields by key. @throws AppError invalid-cursor. */
export async function listCustomFields(
  ctx: TenantContext,
  query: { limit: number; cursor?: string | undefined },
): Promise<Page<CustomField>> {
  const { CustomField } = await getCrmModels(ctx.clientCode);
  const page = await pageOf(ctx, CustomField, {
    route: "listCustomFields",
    query,
    filter: {},
    sort: { key: 1 },
  });
  return { ...page, data: page.data.map(toCustomField) };
}

/** @throws AppError not-found. */
export async function getCustomField(ctx: TenantContext, id: string): Promise<CustomField> {
  const { CustomField } = await getCrmModels(ctx.clientCode);
  const record = await CustomField.findById(new Types.ObjectId(id)).lean();
  if (!record) throw notFound("custom field");
  return toCustomField(record);
}

/** @throws AppError duplicate for a key in use, invalid-state above the limit. */
export async function createCustomField(ctx: TenantContext, input: CreateCustomField): Promise<CustomField> {
  return commitChange(ctx, async (change) => {
    const { CustomField } = change.models;
    const { session, now } = change;
    const twin = await CustomField.findOne({ key: input.key }).session(session).lean();
    if (twin)
      throw new AppError("duplicate", "A custom field with this key is there already. Choose another.", {
        extensions: { customFieldId: twin._id.toHexString() },
      });
    if ((await CustomField.countDocuments({}).session(session)) >= maxFields)
      throw invalidState(`A tenant has at most ${maxFields} custom fields. Delete one first.`);
    const record = {
      _id: new Types.ObjectId(),
      version: 1,
      createdAt: now,
      updatedAt: now,
      ...input,
      options: input.options ?? null,
    };
    await CustomField.insertMany([record], { session });
    recordFieldEvent(change, null, record);
    if (record.filterable) change.afterCommit(() => enqueueReindex(ctx));
    return toCustomField(record);
  });
}

/** @throws AppError not-found, precondition-failed, validation-failed for options of a field that has none. */
export async function updateCustomField(
  ctx: TenantContext,
  at: CustomFieldAt,
  patch: UpdateCustomField,
): Promise<CustomField> {
  return commitChange(ctx, async (change) => {
    const before = await fieldInChange(change, at);
    if (patch.options && before.options === null)
      throw invalidRequest([
        { pointer: "/options", code: "invalid", detail: "A field of this type has no options." },
      ]);
    const after = {
      ...before,
      name: patch.name ?? before.name,
      options: patch.options ?? before.options,
      filterable: patch.filterable ?? before.filterable ?? false,
    };
    if (Object.keys(changedFields(before, after)).length === 0) return toCustomField(before);
    const saved = { ...after, version: before.version + 1, updatedAt: change.now };
    await change.models.CustomField.updateOne(
      { _id: before._id },
      { $set: changedFields(before, saved) },
      { session: change.session },
    );
    recordFieldEvent(change, before, saved);
    if (saved.filterable !== (before.filterable ?? false)) change.afterCommit(() => enqueueReindex(ctx));
    return toCustomField(saved);
  });
}

/** Deletes the field; values that leads hold stay with them. @throws AppError not-found, precondition-failed. */
export async function deleteCustomField(ctx: TenantContext, at: CustomFieldAt): Promise<void> {
  await commitChange(ctx, async (change) => {
    const before = await fieldInChange(change, at);
    await change.models.CustomField.deleteOne({ _id: before._id }, { session: change.session });
    recordFieldEvent(change, before, null);
  });
}

async function fieldInChange(change: Change, { id, ifMatch }: CustomFieldAt): Promise<CustomFieldRecord> {
  const field = await change.models.CustomField.findById(new Types.ObjectId(id))
    .session(change.session)
    .lean();
  if (!field) throw notFound("custom field");
  checkVersion(field, ifMatch, toCustomField);
  return field;
}

function recordFieldEvent(
  change: Change,
  before: CustomFieldRecord | null,
  after: CustomFieldRecord | null,
): void {
  const action = before === null ? "created" : after === null ? "deleted" : "updated";
  change.record({
    type: "settings_updated",
    subject: {},
    data: { customField: (after ?? before)?.key, action },
    changes: shownChanges(before && toCustomField(before), after && toCustomField(after)),
  });
}

function toCustomField(record: CustomFieldRecord): CustomField {
  return {
    id: record._id.toHexString(),
    version: record.version,
    key: record.key,
    name: record.name,
    type: record.type,
    options: record.options,
    filterable: record.filterable ?? false,
    createdAt: toTimestamp(record.createdAt),
    updatedAt: toTimestamp(record.updatedAt),
  };
}
