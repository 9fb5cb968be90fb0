import * as z from "zod";
import { objectIdSchema, pageSchema } from "../../contracts/common.contract";
import {
  createExportSchema,
  createImportSchema,
  exportSchema,
  importSchema,
  listTransfersQuery,
} from "../../contracts/transfer.contract";
import { defineRoute, type Route } from "../../lib/http/define.route";
import {
  cancelExport,
  createExport,
  getExport,
  listExports,
} from "../../services/saas/crm/transfer/export.service";
import {
  cancelImport,
  commitImport,
  createImport,
  getImport,
  listImports,
} from "../../services/saas/crm/transfer/import.service";
import {
  type FileContent,
  readExport,
  readImportErrors,
} from "../../services/saas/crm/transfer/transfer.content";

const read = { kind: "tenant", scope: "leads:read" } as const;
const write = { kind: "tenant", scope: "leads:write" } as const;
const tag = "Import and export";
const params = z.strictObject({ id: objectIdSchema });
const theImport = { status: 200, description: "The import as it is now.", body: importSchema } as const;
const theExport = { status: 200, description: "The export as it is now.", body: exportSchema } as const;
const reply = <T extends { version: number }>(body: T) => ({ body, version: body.version });
const theFile = {
  status: 200,
  description: "The file.",
  also: { 206: "The part of it that `Range` asks for." },
} as const;
const file = ({ status, bytes, headers }: FileContent) => ({ status, body: bytes, headers });

/** Leads in and out by file. */
export const transferRoutes: readonly Route[] = [
  defineRoute({
    operationId: "createImport",
    method: "POST",
    path: "/api/crm/imports",
    tag,
    summary: "Import leads from a file",
    description:
      "CSV or JSON, up to 100,000 rows. A row finds its lead by external id, phone or e-mail, so that the same file brings nothing new the second time. A preview counts what would happen; commit it, or import at once with `mode: commit`. Columns of new leads start at the bottom of their stage, in the order of the file. Empty cells change nothing; tags are added.",
    auth: write,
    input: { body: createImportSchema },
    output: { status: 202, description: "It was taken; follow its state.", body: importSchema },
    problems: ["invalid-reference", "payload-too-large"],
    idempotent: true,
    maxBodyBytes: 5 * 1024 * 1024,
    run: async ({ ctx, body }) => {
      const made = await createImport(ctx, body);
      return { ...reply(made), headers: { location: `/api/crm/imports/${made.id}` } };
    },
  }),
  defineRoute({
    operationId: "listImports",
    method: "GET",
    path: "/api/crm/imports",
    tag,
    summary: "List imports",
    description: "With their state and counts; they are kept for some days.",
    auth: read,
    input: { query: listTransfersQuery },
    output: { status: 200, description: "Imports, newest first.", body: pageSchema(importSchema) },
    problems: ["invalid-cursor"],
    run: async ({ ctx, query }) => ({ body: await listImports(ctx, query) }),
  }),
  defineRoute({
    operationId: "getImport",
    method: "GET",
    path: "/api/crm/imports/{id}",
    tag,
    summary: "Follow an import",
    description: "State, progress, counts, samples of what changes, and when it is deleted.",
    auth: read,
    input: { params },
    output: theImport,
    problems: ["not-found"],
    run: async ({ ctx, params: { id } }) => reply(await getImport(ctx, id)),
  }),
  defineRoute({
    operationId: "getImportErrors",
    method: "GET",
    path: "/api/crm/imports/{id}/errors",
    tag,
    summary: "Download the refused rows",
    description:
      "CSV: the row's number, what is wrong with it, and its own columns, to be corrected and imported again. 4 MB at most; with `Range` a part of it.",
    auth: read,
    input: { params },
    output: { ...theFile, contentType: "text/csv" },
    problems: ["not-found", "invalid-state", "use-range", "range-not-satisfiable"],
    run: async (request) =>
      file(await readImportErrors(request.ctx, request.params.id, request.header("range"))),
  }),
  defineRoute({
    operationId: "commitImport",
    method: "POST",
    path: "/api/crm/imports/{id}/commit",
    tag,
    summary: "Do what a preview showed",
    description: "Asked again it answers the same.",
    auth: write,
    input: { params },
    output: { status: 202, description: "It was taken; follow its state.", body: importSchema },
    problems: ["not-found", "invalid-state"],
    run: async ({ ctx, params: { id } }) => reply(await commitImport(ctx, id)),
  }),
  defineRoute({
    operationId: "cancelImport",
    method: "POST",
    path: "/api/crm/imports/{id}/cancel",
    tag,
    summary: "Cancel an import",
    description: "What it did so far stays. Asked again it answers the same.",
    auth: write,
    input: { params },
    output: theImport,
    problems: ["not-found", "invalid-state"],
    run: async ({ ctx, params: { id } }) => reply(await cancelImport(ctx, id)),
  }),
  defineRoute({
    operationId: "createExport",
    method: "POST",
    path: "/api/crm/exports",
    tag,
    summary: "Export leads to a file",
    description:
      "With the filters of the list of leads. Text that a spreadsheet would take for a formula gets a quote before it; an import takes it away again. The file is kept for 7 days.",
    auth: read,
    input: { body: createExportSchema },
    output: { status: 202, description: "It was taken; follow its state.", body: exportSchema },
    problems: [],
    idempotent: true,
    run: async ({ ctx, body }) => {
      const made = await createExport(ctx, body);
      return { ...reply(made), headers: { location: `/api/crm/exports/${made.id}` } };
    },
  }),
  defineRoute({
    operationId: "listExports",
    method: "GET",
    path: "/api/crm/exports",
    tag,
    summary: "List exports",
    description: "With their state; the files are kept for some days.",
    auth: read,
    input: { query: listTransfersQuery },
    output: { status: 200, description: "Exports, newest first.", body: pageSchema(exportSchema) },
    problems: ["invalid-cursor"],
    run: async ({ ctx, query }) => ({ body: await listExports(ctx, query) }),
  }),
  defineRoute({
    operationId: "getExport",
    method: "GET",
    path: "/api/crm/exports/{id}",
    tag,
    summary: "Follow an export",
    description: "State and progress; when it is `done` the file is at its content.",
    auth: read,
    input: { params },
    output: theExport,
    problems: ["not-found"],
    run: async ({ ctx, params: { id } }) => reply(await getExport(ctx, id)),
  }),
  defineRoute({
    operationId: "getExportContent",
    method: "GET",
    path: "/api/crm/exports/{id}/content",
    tag,
    summary: "Download an export",
    description: "The whole file, or with `Range` a part of it (206); 4 MB at most either way.",
    auth: read,
    input: { params },
    output: { ...theFile, contentType: ["text/csv", "application/json"] },
    problems: ["not-found", "invalid-state", "use-range", "range-not-satisfiable"],
    run: async (request) => file(await readExport(request.ctx, request.params.id, request.header("range"))),
  }),
  defineRoute({
    operationId: "cancelExport",
    method: "POST",
    path: "/api/crm/exports/{id}/cancel",
    tag,
    summary: "Cancel an export",
    description: "Asked again it answers the same.",
    auth: read,
    input: { params },
    output: theExport,
    problems: ["not-found", "invalid-state"],
    run: async ({ ctx, params: { id } }) => reply(await cancelExport(ctx, id)),
  }),
];
