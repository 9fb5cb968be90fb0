/** Leads in and out by file: imports with a preview, exports, both as background jobs. */
import * as z from "zod";
import {
  actorSchema,
  changedFieldsSchema,
  failureSchema,
  objectIdSchema,
  pageQuery,
  tagSchema,
  timestampSchema,
  versionSchema,
} from "./common.contract";
import { conditionSchema } from "./condition.contract";
import { customFieldKeySchema } from "./custom.field.contract";
import { listLeadsQuery } from "./lead.search.contract";
import { countrySchema } from "./settings.contract";
import { textLine } from "./text.contract";

export const maxImportRows = 100_000;
const maxImportTextBytes = 4 * 1024 * 1024;

/** Fields of a lead that a column can go to. */
export const plainTargets = [
  "firstName",
  "lastName",
  "displayName",
  "phone",
  "email",
  "company",
  "ownerId",
  "value.amount",
  "value.currency",
  "score",
  "source",
  "timezone",
  "locale",
  "tags",
  "doNotContact",
  "consent.whatsapp.optIn",
] as const;
export type PlainTarget = (typeof plainTargets)[number];
const keyedTarget = /^(custom|externalIds|sourceDetail)\.(.+)$/;

/** `custom.plan` -> group and key; null for a plain target or none. */
export function keyedTargetOf(target: string): { group: string; key: string } | null {
  const [, group, key] = keyedTarget.exec(target) ?? [];
  return group && key && customFieldKeySchema.safeParse(key).success ? { group, key } : null;
}

export function isPlainTarget(target: string): target is PlainTarget {
  return plainTargets.some((name) => name === target);
}

const targetSchema = z
  .string()
  .max(80)
  .refine((target) => isPlainTarget(target) || keyedTargetOf(target) !== null, {
    error: `must be one of ${plainTargets.join(", ")}, or custom.<key>, externalIds.<system>, sourceDetail.<key>`,
  });

const columnSchema = z.string().min(1).max(200);

const transferFormatSchema = z
  .enum(["csv", "json"])
  .meta({ description: "`json` is a list of objects, or one object per line.", example: "csv" });
const modeSchema = z.enum(["preview", "commit"]).meta({
  description: "`preview` tells what would happen and changes nothing.",
  example: "preview",
});

export const createImportSchema = z
  .strictObject({
    format: transferFormatSchema.default("csv"),
    mode: modeSchema.default("preview"),
    text: z.string().min(1).max(maxImportTextBytes).optional().meta({
      description: "The file itself, up to 4 MB. For larger ones upload it as media and give `mediaId`.",
      example: "name,phone\nAna Souza,+5511987654321\n",
    }),
    mediaId: objectIdSchema
      .optional()
      .meta({ description: "An uploaded file (text/csv, text/plain, application/json)." }),
    fileName: textLine(200).optional().meta({ description: "Name to show.", example: "fair.csv" }),
    delimiter: z
      .enum([",", ";", "\t", "|"])
      .optional()
      .meta({ description: "CSV: found from the first line when absent.", example: ";" }),
    decimalComma: z
      .boolean()
      .default(false)
      .meta({ description: "Numbers are written as 1.234,56.", example: false }),
    mapping: z
      .record(columnSchema, targetSchema.nullable())
      .refine((record) => Object.keys(record).length <= 200, { error: "must not name more than 200 columns" })
      .optional()
      .meta({
        description:
          "Column to field: a field of leads, `custom.<key>`, `externalIds.<system>` or `sourceDetail.<key>`; null leaves a column out. Columns it does not name are mapped by their own name where that is a field.",
        example: { name: "displayName", phone: "phone" },
      }),
    matchBy: z
      .array(z.enum(["externalId", "phone", "email"]))
      .min(1)
      .max(3)
      .default(["externalId", "phone", "email"])
      .meta({ description: "By what a row finds its lead, first to last.", example: ["phone"] }),
    onMatch: z
      .enum(["update", "skip"])
      .default("update")
      .meta({ description: "What happens to leads that are there already.", example: "update" }),
    defaultCountry: countrySchema
      .optional()
      .meta({ description: "Country of phone numbers without +; the tenant's when absent.", example: "BR" }),
    runRules: z
      .boolean()
      .default(true)
      .meta({ description: "False: no automation hears of what the import changes.", example: false }),
    defaults: z
      .strictObject({
        stageId: objectIdSchema.optional().meta({ description: "Where new leads start." }),
        ownerId: textLine(128).optional().meta({ description: "Owner of new leads.", example: "maria" }),
        source: textLine(100).optional().meta({ description: "Source of new leads.", example: "fair" }),
        tags: z
          .array(tagSchema)
          .max(20)
          .optional()
          .meta({ description: "Tags of new leads.", example: ["fair2026"] }),
      })
      .default({})
      .meta({ description: "For new leads, where their row says nothing.", example: {} }),
  })
  .refine((input) => (input.text === undefined) !== (input.mediaId === undefined), {
    error: "give either text or mediaId",
  })
  .meta({
    id: "ImportInput",
    example: {
      mode: "preview",
      text: "name,phone\nAna Souza,+5511987654321\n",
      mapping: { name: "displayName" },
    },
  });
export type CreateImport = z.output<typeof createImportSchema>;

const count = (description: string) => z.number().int().meta({ description, example: 0 });
const outcomeSchema = z.enum(["created", "updated", "unchanged", "skipped", "failed"]);
const rowErrorSchema = z.object({
  column: z.string().nullable().meta({ description: "Column of the file, null for the whole row." }),
  code: z.string().meta({ description: "What is wrong, for programs.", example: "invalid-phone" }),
  detail: z.string().meta({ description: "What is wrong, for people." }),
});
const progress = z.number().min(0).max(1).meta({ description: "How far it is, 0 to 1.", example: 0.4 });

export const importSchema = z
  .object({
    id: objectIdSchema,
    version: versionSchema,
    mode: modeSchema,
    state: z.enum(["queued", "running", "previewed", "done", "failed", "cancelled"]).meta({
      description: "`previewed`: it can be committed. `failed`: see `failure`.",
      example: "previewed",
    }),
    format: transferFormatSchema,
    fileName: z.string().nullable().meta({ description: "Name to show; null: none was given." }),
    sizeBytes: count("Size of the file."),
    columns: z
      .array(
        z.object({
          column: z.string().meta({ description: "Head of the column in the file.", example: "name" }),
          target: z
            .string()
            .nullable()
            .meta({ description: "The field it goes to; null: it is left out.", example: "displayName" }),
        }),
      )
      .nullable()
      .meta({ description: "Where each column goes; null is left out. Known once the file was opened." }),
    counts: z
      .object({
        rows: count("Rows read so far."),
        created: count("New leads."),
        updated: count("Leads that get other values."),
        unchanged: count("Leads that have these values already."),
        skipped: count("Leads left alone because of `onMatch`."),
        failed: count("Rows refused; see the error file."),
      })
      .meta({ description: "In a preview: what a commit would do." }),
    progress,
    samples: z
      .array(
        z.object({
          row: count("Row of the file, from 1, without the head."),
          outcome: outcomeSchema.meta({ description: "What becomes of the row.", example: "created" }),
          leadId: objectIdSchema.nullable().meta({ description: "The lead that it found; null: none." }),
          changes: changedFieldsSchema
            .nullable()
            .meta({ description: "What it changes, before and after; null: nothing." }),
          errors: z
            .array(rowErrorSchema)
            .nullable()
            .meta({ description: "Why the row is refused; null: it is not." }),
        }),
      )
      .meta({ description: "Some rows of each outcome, with what changes." }),
    hasErrorFile: z.boolean().meta({ description: "GET …/errors has the refused rows." }),
    failure: failureSchema.nullable().meta({ description: "Why it failed; null: it did not." }),
    runRules: z.boolean().meta({ description: "Whether rules hear of what it changes." }),
    createdBy: actorSchema,
    createdAt: timestampSchema,
    startedAt: timestampSchema.nullable(),
    endedAt: timestampSchema.nullable(),
    expiresAt: timestampSchema.meta({ description: "When file, errors and this record are deleted." }),
  })
  .meta({ id: "Import", description: "A file of leads coming in." });
export type Import = z.input<typeof importSchema>;

const {
  limit: _limit,
  cursor: _cursor,
  sort: _sort,
  fields: _fields,
  expand: _expand,
  ...leadFilters
} = listLeadsQuery.shape;
const exportFilterSchema = z
  .strictObject({
    ...leadFilters,
    condition: conditionSchema.optional().meta({
      description: "Which of them: a condition as `POST /api/crm/leads/search` takes it.",
      example: { all: [{ field: "lead.score", op: "gte", value: 50 }] },
    }),
  })
  .meta({ description: "The filters of the list of leads, and a condition.", example: { status: "open" } });

export const createExportSchema = z
  .strictObject({
    format: transferFormatSchema.default("csv"),
    filter: exportFilterSchema.default({}),
    columns: z
      .array(columnSchema)
      .min(1)
      .max(200)
      .optional()
      .meta({
        description: "CSV: which columns, in this order; all of them when absent.",
        example: ["displayName", "phone", "custom.plan"],
      }),
  })
  .meta({ id: "ExportInput" });
export type CreateExport = z.output<typeof createExportSchema>;

export const exportSchema = z
  .object({
    id: objectIdSchema,
    version: versionSchema,
    state: z
      .enum(["queued", "running", "done", "failed", "cancelled"])
      .meta({ description: "`done`: the file can be downloaded. `failed`: see `failure`.", example: "done" }),
    format: transferFormatSchema,
    filter: z.record(z.string(), z.unknown()).meta({ description: "Which leads; `{}`: all of them." }),
    columns: z
      .array(z.string())
      .nullable()
      .meta({ description: "CSV: which columns, in this order; null: all of them." }),
    rows: count("Leads written so far."),
    sizeBytes: z.number().int().nullable().meta({ description: "Size of the file, once it is written." }),
    sha256: z.string().nullable().meta({ description: "SHA-256 of the file, in hex." }),
    progress,
    failure: failureSchema.nullable().meta({ description: "Why it failed; null: it did not." }),
    createdBy: actorSchema,
    createdAt: timestampSchema,
    startedAt: timestampSchema.nullable(),
    endedAt: timestampSchema.nullable(),
    expiresAt: timestampSchema.meta({ description: "When the file and this record are deleted." }),
  })
  .meta({ id: "Export", description: "A file of leads to download." });
export type Export = z.input<typeof exportSchema>;

export const listTransfersQuery = z.strictObject(pageQuery);
