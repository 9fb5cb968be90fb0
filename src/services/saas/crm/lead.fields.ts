/** What conditions may ask of a lead, in rules and in searches alike; and where a search finds it. */
import { Types } from "mongoose";
import type { CustomFieldType } from "../../../contracts/custom.field.contract";
import type { ConditionField, ConditionFields, FieldType } from "../../../lib/condition";
import type { CrmModels } from "../../../lib/tenant/get.crm.model";
import type { CustomFieldRecord } from "../../../model/saas/custom.field.schema";
import type { PipelineRecord } from "../../../model/saas/pipeline.schema";

/** A field that the tenant made, as conditions need it. */
export type DeclaredField = Pick<CustomFieldRecord, "key" | "type" | "options" | "filterable">;

const text = (path: string): ConditionField => ({
  path: `lead.${path}`,
  type: "text",
  stored: { path, folded: `search.fold.${path}` },
});
const plain = (type: FieldType, path: string, stored = path): ConditionField => ({
  path: `lead.${path}`,
  type,
  stored: { path: stored },
});
const id = (path: string, stored = path): ConditionField => ({
  path: `lead.${path}`,
  type: "id",
  stored: { path: stored, encode: toObjectId },
});
const oneOf = (path: string, options: readonly string[]): ConditionField => ({
  path: `lead.${path}`,
  type: "text",
  options,
  stored: { path, values: options.map((value) => ({ value, stored: [value] })) },
});

function toObjectId(value: unknown): unknown {
  return typeof value === "string" && /^[0-9a-f]{24}$/.test(value) ? new Types.ObjectId(value) : undefined;
}

/** ADD A FIELD HERE when `leadScope` tells more. */
const leadsOwn: readonly ConditionField[] = [
  id("id", "_id"),
  ...["firstName", "lastName", "displayName", "company", "username", "source", "timezone", "locale"].map(
    text,
  ),
  text("lostReasonKey"),
  { path: "lead.tags", type: "text_list", stored: { path: "tags", folded: "search.fold.tags" } },
  // Stored in one form only, which is the folded one.
  plain("text", "phone", "phone.e164"),
  plain("text", "email", "emailLower"),
  plain("key", "phoneCountry", "phone.country"),
  plain("key", "waId"),
  plain("key", "ownerId"),
  id("teamId"),
  oneOf("status", ["open", "won", "lost"]),
  id("pipelineId"),
  id("stageId"),
  ...["stageEnteredAt", "wonAt", "lostAt", "lastInboundAt", "lastOutboundAt", "lastActivityAt"].map((path) =>
    plain("time", path),
  ),
  ...["nextMeetingAt", "createdAt", "updatedAt"].map((path) => plain("time", path)),
  plain("number", "score"),
  plain("number", "value.amount"),
  plain("key", "value.currency"),
  plain("boolean", "doNotContact"),
  plain("boolean", "consent.whatsapp.optIn"),
  plain("time", "consent.whatsapp.at"),
  plain("key", "consent.whatsapp.source"),
  plain("boolean", "consent.marketing.optIn"),
  plain("boolean", "consent.email.optIn"),
];

const typeOf: Readonly<Record<CustomFieldType, FieldType>> = {
  text: "text",
  number: "number",
  boolean: "boolean",
  date: "day",
  select: "text",
  multi_select: "text_list",
};

function customField({ key, type, options, filterable }: DeclaredField): ConditionField {
  const folded = `search.fold.custom.${key}`;
  const isText = typeOf[type] === "text" || typeOf[type] === "text_list";
  return {
    path: `lead.custom.${key}`,
    type: typeOf[type],
    ...(options ? { options } : {}),
    ...(filterable ? { stored: { path: isText ? `custom.${key}` : folded, folded, mixed: true } } : {}),
  };
}

/** Fields that follow from the stage: leads store its id. */
function stageFields(pipelines: readonly PipelineRecord[]): ConditionField[] {
  const stages = pipelines.flatMap((pipeline) => pipeline.stages.map((stage) => ({ pipeline, stage })));
  const of = (path: string, storedPath: string, pairs: readonly (readonly [string, Types.ObjectId])[]) => {
    const values = pairs.map(([value, stored]) => ({ value, stored: [stored] }));
    return { path: `lead.${path}`, type: "text" as const, stored: { path: storedPath, values } };
  };
  return [
    of(
      "pipelineKey",
      "pipelineId",
      pipelines.map(({ key, _id }) => [key, _id]),
    ),
    of(
      "stageKey",
      "stageId",
      stages.map(({ stage }) => [stage.key, stage._id]),
    ),
    of(
      "stageName",
      "stageId",
      stages.map(({ stage }) => [stage.name, stage._id]),
    ),
  ];
}

/** A lead's fields: its own, the tenant's, and, when the pipelines are given, those of its stage with their values. */
export function leadFields(
  customFields: readonly DeclaredField[],
  pipelines: readonly PipelineRecord[] = [],
): ConditionFields {
  const all = [...leadsOwn, ...stageFields(pipelines), ...customFields.map(customField)];
  return { named: new Map(all.map((field) => [field.path, field])), open: [] };
}

/** The same as this tenant has them now. */
export async function readLeadFields({
  CustomField,
  Pipeline,
}: Pick<CrmModels, "CustomField" | "Pipeline">): Promise<ConditionFields> {
  const [customFields, pipelines] = await Promise.all([
    CustomField.find({}).lean(),
    Pipeline.find({}).lean(),
  ]);
  return leadFields(customFields, pipelines);
}
