/** Leads as lines of a table. Columns have the names that imports know, so that a file can come back. */
import { trusted } from "mongoose";
import type { Lead } from "../../../../contracts/lead.contract";
import type { CrmModels } from "../../../../lib/tenant/get.crm.model";

const ownColumns = [
  "id",
  "displayName",
  "firstName",
  "lastName",
  "phone",
  "email",
  "company",
  "ownerId",
  "status",
  "pipelineKey",
  "stageKey",
  "lostReason",
  "value.amount",
  "value.currency",
  "score",
  "source",
  "tags",
  "timezone",
  "locale",
  "consent.whatsapp.optIn",
  "doNotContact",
  "createdAt",
  "updatedAt",
  "lastActivityAt",
  "wonAt",
  "lostAt",
] as const;

/** Every column there is for a tenant: a lead's own, its fields, the systems its leads have ids in. */
export async function allColumns({ CustomField, Lead }: CrmModels): Promise<string[]> {
  const fields = await CustomField.find({}).sort({ key: 1 }).select({ key: 1 }).lean();
  const systems = await Lead.distinct("externalIds.system", {
    "externalIds.id": trusted({ $gt: "" }),
    deletedAt: null,
  });
  return [
    ...ownColumns,
    ...fields.map(({ key }) => `custom.${key}`),
    ...systems.map((system) => `externalIds.${String(system)}`).sort(),
  ];
}

/** Keys by stage id: people read keys, not ids. */
export async function stageKeys({
  Pipeline,
}: CrmModels): Promise<Map<string, { pipelineKey: string; stageKey: string }>> {
  const pipelines = await Pipeline.find({}).lean();
  return new Map(
    pipelines.flatMap(({ key: pipelineKey, stages }) =>
      stages.map(({ _id, key: stageKey }) => [_id.toHexString(), { pipelineKey, stageKey }] as const),
    ),
  );
}

/** A lead as files have it. */
export type ExportedLead = Lead & { pipelineKey?: string; stageKey?: string };

/** The cell of a column, e.g. `custom.plan`; empty when the lead has none. */
export function cellOf(lead: ExportedLead, column: string): string {
  const value = column.split(".").reduce<unknown>((part, name) => memberOf(part, name), lead);
  if (value === undefined || value === null) return "";
  if (Array.isArray(value)) return value.map(String).join(";");
  return typeof value === "string" ? value : JSON.stringify(value);
}

function memberOf(value: unknown, name: string): unknown {
  return typeof value === "object" && value !== null && Object.hasOwn(value, name)
    ? Reflect.get(value, name)
    : undefined;
}
