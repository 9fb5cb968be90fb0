/** What a slice of rows would do to the leads that are there: worked out with a handful of queries, nothing written. */
import { type ClientSession, Types, trusted } from "mongoose";
import { type CreateLead, createLeadSchema } from "../../../../contracts/lead.input.contract";
import type { TenantContext } from "../../../../lib/context/tenant.context";
import type { CrmModels } from "../../../../lib/tenant/get.crm.model";
import type { ImportRowError, ImportSample, ImportSettings } from "../../../../model/saas/lead.import.schema";
import type { LeadRecord } from "../../../../model/saas/lead.schema";
import type { fieldChanges } from "../changed.fields";
import { newLeadRecord } from "../lead.create";
import { toLead } from "../lead.serialiser";
import { leadChanges, patchedLead } from "../lead.update";
import { asNew } from "../lead.upsert";
import type { StagePlace } from "../stage.lookup";
import { externalKey, type PreparedRow } from "./import.row";

/** A row with what becomes of it. */
export interface PlannedRow {
  readonly row: PreparedRow;
  readonly outcome: ImportSample["outcome"];
  readonly before: LeadRecord | null;
  readonly after: LeadRecord | null;
  readonly changes: ReturnType<typeof fieldChanges> | null;
  readonly errors: readonly ImportRowError[];
}

/** What becomes of some rows, as things stood at one moment. */
export interface Plan {
  readonly at: Date;
  /** Where new leads start. */
  readonly place: StagePlace | null;
  readonly rows: readonly PlannedRow[];
  /** Identities of these rows that their former leads gave up: free to be taken. */
  readonly givenUp: readonly string[];
}

export interface PlanInput {
  readonly ctx: TenantContext;
  readonly models: CrmModels;
  readonly session: ClientSession | null;
  readonly settings: ImportSettings;
  readonly place: StagePlace | null;
  /** The first row of each identity, these rows' among them: each lead may stand in a file once. */
  readonly seen: ReadonlyMap<string, number>;
}

/** Plans rows in their order. Writes nothing, so a plan may be made again. */
export async function planRows(input: PlanInput, rows: readonly PreparedRow[]): Promise<Plan> {
  const at = input.ctx.now();
  const known = await findKnown(input, rows);
  return {
    at,
    place: input.place,
    rows: rows.map((row) => planRow(input, at, row, known)),
    givenUp: known.givenUp,
  };
}

/** Notes who stands in these rows, so that a later row of the same lead is refused. Such a row takes no identity. */
export function noteSeen(seen: Map<string, number>, rows: readonly PreparedRow[]): void {
  for (const row of rows) {
    const keys = allKeys(row);
    if (keys.some((key) => seen.has(key))) continue;
    for (const key of keys) seen.set(key, row.raw.row);
  }
}

function planRow(
  { ctx, settings, place, seen }: PlanInput,
  now: Date,
  row: PreparedRow,
  known: Known,
): PlannedRow {
  const refused = (...errors: ImportRowError[]): PlannedRow => ({
    row,
    outcome: "failed",
    before: null,
    after: null,
    changes: null,
    errors,
  });
  if (row.errors.length > 0) return refused(...row.errors);
  const keys = allKeys(row);
  const earlier = keys.map((key) => seen.get(key)).find((at) => at !== undefined && at < row.raw.row);
  if (earlier !== undefined) return refused(repeated(earlier));

  const matches = matchesOf(row, settings, known);
  const others = new Set(keys.flatMap((key) => known.byKey.get(key) ?? []));
  const [before] = matches;
  const stranger = [...others].find((id) => id !== before?._id.toHexString());
  if (stranger !== undefined) return refused(taken(stranger, before !== undefined));
  if (before) return planUpdate(row, before, settings, now);
  const input = createInput(row, settings);
  if (!input)
    return refused({
      column: null,
      code: "no-name",
      detail: "A new lead needs at least one of displayName, firstName, lastName, company, phone and email.",
    });
  const after = newLeadRecord(ctx, now, input, { phone: row.phone }, place);
  if (after.consent.whatsapp) after.consent.whatsapp.source = "import";
  return { row, outcome: "created", before: null, after, changes: null, errors: [] };
}

function planUpdate(row: PreparedRow, before: LeadRecord, settings: ImportSettings, now: Date): PlannedRow {
  const same = { row, before, after: before, changes: null, errors: [] };
  if (settings.onMatch === "skip") return { ...same, outcome: "skipped" };
  // A phone or address that the lead goes by already is not written again: its first spelling stays.
  const phones = [...(before.phone ? [before.phone] : []), ...(before.otherPhones ?? [])];
  const ringsThere = phones.some(({ candidates }) => candidates[0] === row.phone?.candidates[0]);
  const phone = row.phone && !ringsThere ? row.phone : before.phone;
  const patch = { ...row.patch };
  if (patch.email && before.otherEmails?.includes(patch.email)) delete patch.email;
  // Tags of a file are added; those a person gave stay.
  if (patch.tags) patch.tags = [...new Set([...before.tags, ...patch.tags])];
  const after = patchedLead(before, patch, phone, now);
  const consent = after.consent.whatsapp;
  if (consent && after.consent !== before.consent) consent.source = "import";
  const { changes, any } = leadChanges(before, after);
  return any ? { ...same, after, changes, outcome: "updated" } : { ...same, outcome: "unchanged" };
}

function createInput({ patch }: PreparedRow, { defaults }: ImportSettings): CreateLead | null {
  const { ownerId, source, tags } = defaults;
  const fields = asNew(patch);
  const whole = {
    ...fields,
    ownerId: fields.ownerId ?? ownerId,
    source: fields.source ?? source,
    tags: [...(fields.tags ?? []), ...(tags ?? [])],
  };
  const parsed = createLeadSchema.safeParse(whole);
  return parsed.success ? parsed.data : null;
}

function repeated(earlier: number): ImportRowError {
  const detail = `Row ${earlier} of this file names the same lead. Keep one row per lead.`;
  return { column: null, code: "repeated-row", detail };
}

function taken(leadId: string, found: boolean): ImportRowError {
  const detail = found
    ? `Its phone, e-mail or external id belongs to another lead too: ${leadId}. Merge the two or correct the row.`
    : `Lead ${leadId} has this phone, e-mail or external id, and the import does not match by it.`;
  return { column: null, code: "duplicate", detail };
}

interface Known {
  readonly byKey: ReadonlyMap<string, string>;
  readonly leads: ReadonlyMap<string, LeadRecord>;
  readonly givenUp: readonly string[];
}

/** The lead of a row: by the first kind of identity that finds one. */
function matchesOf({ keys }: PreparedRow, { matchBy }: ImportSettings, known: Known): LeadRecord[] {
  const byKind = { phone: [keys.phone], email: [keys.email], externalId: keys.external };
  return matchBy
    .flatMap((kind) => byKind[kind])
    .flatMap((key) => (key === null ? [] : (known.byKey.get(key) ?? [])))
    .flatMap((id) => known.leads.get(id) ?? []);
}

function allKeys({ keys }: PreparedRow): string[] {
  return [keys.phone, keys.email].flatMap((key) => key ?? []).concat(keys.external);
}

/** The living leads that have any identity of these rows, without their search data: at most four queries, each served by an index. */
async function findKnown({ models, session }: PlanInput, rows: readonly PreparedRow[]): Promise<Known> {
  const { Lead, ContactIdentity } = models;
  // E-mail addresses too: those of leads that were merged are there.
  const identityKeys = rows.flatMap(({ keys }) => [keys.phone, keys.email].flatMap((key) => key ?? []));
  const emails = rows.flatMap(({ patch, errors }) =>
    errors.length === 0 && patch.email ? [patch.email] : [],
  );
  const external = rows.flatMap(({ patch }) =>
    Object.entries(patch.externalIds ?? {}).flatMap(([system, id]) => (id === null ? [] : { system, id })),
  );
  const identities =
    identityKeys.length === 0
      ? []
      : await ContactIdentity.find({ _id: trusted({ $in: identityKeys }) })
          .session(session)
          .lean();
  const held = identities.filter(({ retiredAt }) => !retiredAt);
  const givenUp = identities.flatMap(({ _id, retiredAt }) => (retiredAt ? [_id] : []));
  const leadIds = held.map(({ leadId }) => leadId);
  const filters = [
    ...(leadIds.length > 0 ? [{ _id: trusted({ $in: leadIds }) }] : []),
    ...(emails.length > 0 ? [{ emailLower: trusted({ $in: emails }) }] : []),
    ...(external.length > 0 ? [withOneOf(external)] : []),
  ];
  const found: LeadRecord[] = [];
  for (const filter of filters)
    found.push(
      ...(await Lead.find({ ...filter, deletedAt: null })
        .select({ search: 0 })
        .session(session)
        .lean()),
    );
  const leads = new Map(found.map((lead) => [lead._id.toHexString(), lead]));
  const byKey = new Map<string, string>();
  for (const { _id, leadId } of held) byKey.set(_id, leadId.toHexString());
  for (const [id, lead] of leads) {
    if (lead.emailLower) byKey.set(`mail:${lead.emailLower}`, id);
    for (const each of lead.externalIds) byKey.set(externalKey(each.system, each.id), id);
  }
  return { byKey, leads, givenUp };
}

/** Leads with one of these ids; also with another system's equal id, which its key tells apart. */
function withOneOf(external: readonly { system: string; id: string }[]) {
  const system = { $in: [...new Set(external.map((each) => each.system))] };
  const id = { $in: external.map((each) => each.id) };
  // The dotted part is what lets the index serve it.
  return { "externalIds.id": trusted(id), externalIds: trusted({ $elemMatch: { system, id } }) };
}

/** A planned row as the import shows it. */
export function toSample({ row, outcome, before, after, changes, errors }: PlannedRow): ImportSample {
  return {
    row: row.raw.row,
    outcome,
    leadId: before?._id.toHexString() ?? null,
    changes: changes ?? (outcome === "created" && after ? createdFields(after) : null),
    errors: errors.length > 0 ? [...errors] : null,
  };
}

const shown = [
  "displayName",
  "phone",
  "email",
  "company",
  "ownerId",
  "value",
  "source",
  "tags",
  "custom",
] as const;

function createdFields(after: LeadRecord): ImportSample["changes"] {
  const lead = toLead({ ...after, _id: new Types.ObjectId() });
  return Object.fromEntries(shown.map((name) => [name, { from: null, to: lead[name] }]));
}
