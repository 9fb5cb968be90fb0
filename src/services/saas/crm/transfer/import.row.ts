/** One row of a file as a change of a lead. */
import { type UpdateLead, updateLeadSchema } from "../../../../contracts/lead.input.contract";
import type { ProblemDetail } from "../../../../lib/errors/app.error";
import { validationProblem } from "../../../../lib/http/validation.problem";
import { parsePhone } from "../../../../lib/phone/phone";
import type { CustomFieldRecord } from "../../../../model/saas/custom.field.schema";
import type { ImportRowError } from "../../../../model/saas/lead.import.schema";
import type { LeadPhone } from "../../../../model/saas/lead.schema";
import { customValueErrors } from "../custom.field.values";
import { phoneKeyOf } from "../lead.identity";
import { type CellOptions, cellValue } from "./import.cell";
import type { ColumnMapping } from "./import.mapping";
import type { RawRow } from "./import.reader";

/** What every row of an import is read with. */
export interface RowReader {
  readonly mapping: ColumnMapping;
  readonly cells: CellOptions;
  readonly defaultCountry: string;
  readonly currency: string;
  readonly customFields: ReadonlyMap<string, CustomFieldRecord>;
  /** Keys of those who may own leads. */
  readonly people: ReadonlySet<string>;
}

/** A row that says who it is and what is to be true of that lead. */
export interface PreparedRow {
  readonly raw: RawRow;
  readonly patch: UpdateLead;
  readonly phone: LeadPhone | null;
  /** By what it is known: `tel:…`, `mail:…`, `ext:<system>:<id>`; empty when the row is refused. */
  readonly keys: {
    readonly phone: string | null;
    readonly email: string | null;
    readonly external: string[];
  };
  readonly errors: readonly ImportRowError[];
}

const noKeys = { phone: null, email: null, external: [] };
const emailOf = (patch: UpdateLead) => (patch.email ? `mail:${patch.email}` : null);

export const externalKey = (system: string, id: string) => `ext:${system}:${id}`;

/** Reads a row; it is never thrown at: what is wrong with it is in `errors`. */
export async function prepareRow(raw: RawRow, reader: RowReader): Promise<PreparedRow> {
  const refused = (errors: ImportRowError[]) => ({ raw, patch: {}, phone: null, keys: noKeys, errors });
  if (raw.problem) return refused([{ column: null, ...raw.problem }]);
  const { input, columnAt } = inputOf(raw, reader);
  const parsed = updateLeadSchema.safeParse(input);
  if (!parsed.success)
    return refused(rowErrors(validationProblem(parsed.error, "").options.errors ?? [], columnAt));
  const patch = parsed.data;
  const wrong = customValueErrors(reader.customFields, patch.custom);
  if (wrong.length > 0) return refused(rowErrors(wrong, columnAt));
  if (patch.ownerId && !reader.people.has(patch.ownerId)) {
    const detail = "It is the key of nobody who works here. Add the user first, or correct the row.";
    return refused([{ column: columnAt.get("ownerId") ?? null, code: "invalid-reference", detail }]);
  }
  const phone = patch.phone ? await phoneOf(patch.phone, reader.defaultCountry) : null;
  if (patch.phone && !phone) {
    const detail = "It is not a phone number. Write it in E.164, e.g. +5511987654321.";
    return refused([{ column: columnAt.get("phone") ?? null, code: "invalid-phone", detail }]);
  }
  const external = Object.entries(patch.externalIds ?? {}).flatMap(([system, id]) =>
    id === null ? [] : externalKey(system, id),
  );
  const keys = { phone: phone && phoneKeyOf(phone), email: emailOf(patch), external };
  if (!keys.phone && !keys.email && external.length === 0)
    return refused([
      {
        column: null,
        code: "no-identity",
        detail: "The row has no phone, e-mail or external id, so a second import would not find its lead.",
      },
    ]);
  return { raw, patch, phone, keys, errors: [] };
}

function inputOf({ cells }: RawRow, reader: RowReader) {
  const columnAt = new Map<string, string>();
  const plain = new Map<string, unknown>();
  const groups = new Map<string, [string, unknown][]>();
  for (const [column, cell] of cells) {
    const target = reader.mapping.targetOf(column);
    const value = target === null ? undefined : cellValue(target, cell, reader.cells);
    if (target === null || value === undefined) continue;
    columnAt.set(target, column);
    const dot = target.indexOf(".");
    if (dot < 0) {
      plain.set(target, value);
      continue;
    }
    const group = target.slice(0, dot);
    const entries = groups.get(group) ?? [];
    entries.push([target.slice(dot + 1), value]);
    groups.set(group, entries);
  }
  for (const [group, entries] of groups) plain.set(group, grouped(group, entries, reader));
  return { input: Object.fromEntries(plain), columnAt };
}

function grouped(group: string, entries: [string, unknown][], { currency }: RowReader): unknown {
  const values = Object.fromEntries(entries);
  if (group === "consent") return { whatsapp: { optIn: values["whatsapp.optIn"] } };
  if (group === "value") return { currency, ...values };
  return values;
}

async function phoneOf(raw: string, defaultCountry: string): Promise<LeadPhone | null> {
  const parsed = await parsePhone(raw, defaultCountry);
  return parsed && { e164: parsed.e164, raw, country: parsed.country, candidates: parsed.candidates };
}

/** Problems by pointer as errors by column: `/custom/plan` is where `custom.plan` was mapped from. */
function rowErrors(
  details: readonly ProblemDetail[],
  columnAt: ReadonlyMap<string, string>,
): ImportRowError[] {
  return details.map(({ pointer, code, detail }) => {
    const path = pointer.slice(1).split("/");
    const target = [path.slice(0, 3), path.slice(0, 2), path.slice(0, 1)]
      .map((parts) => parts.join("."))
      .find((name) => columnAt.has(name));
    return { column: (target && columnAt.get(target)) ?? null, code, detail };
  });
}
