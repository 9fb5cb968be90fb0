/** Up to a hundred changes of leads in one request, each on its own. */
import type * as z from "zod";
import type { LeadBatchResult, LeadBatchRow } from "../../../contracts/lead.batch.contract";
import {
  createLeadSchema,
  updateLeadSchema,
  upsertByPhoneSchema,
} from "../../../contracts/lead.input.contract";
import type { TenantContext } from "../../../lib/context/tenant.context";
import { problemCatalog } from "../../../lib/errors/problem.catalog";
import { toAppError } from "../../../lib/errors/to.problem";
import { validationProblem } from "../../../lib/http/validation.problem";
import { createLead, deleteLead, updateLead, upsertLead } from "./lead.service";

type RowResult = LeadBatchResult["results"][number];

/**
 * Does every row, in their order; what fails is told in its result and undoes nothing. A failure of ours before any
 * row was done is the whole request's: it may be repeated with its key.
 */
export async function changeLeads(
  ctx: TenantContext,
  rows: readonly LeadBatchRow[],
  effectKey?: string,
): Promise<LeadBatchResult> {
  const results: RowResult[] = [];
  for (const [index, row] of rows.entries()) {
    const nothingDone = results.every(({ problem }) => problem !== null);
    const rowKey = effectKey && `${effectKey}:${index}`;
    results.push(await resultOf(ctx, { index, row, rowKey }, nothingDone));
  }
  const failed = results.filter(({ problem }) => problem !== null).length;
  return { succeeded: results.length - failed, failed, results };
}

async function resultOf(
  ctx: TenantContext,
  { index, row, rowKey }: { index: number; row: LeadBatchRow; rowKey: string | undefined },
  nothingDone: boolean,
): Promise<RowResult> {
  const place = `/operations/${index}`;
  try {
    return { index, problem: null, ...(await perform(ctx, row, `${place}/lead`, rowKey)) };
  } catch (thrown) {
    const error = toAppError(thrown);
    if (error.status >= 500 && nothingDone) throw thrown;
    if (error.status >= 500) ctx.logger.error("A row of a batch failed.", { index }, thrown);
    const { errors, extensions } = error.options;
    const problem = {
      ...extensions,
      status: error.status,
      title: problemCatalog[error.code].title,
      code: error.code,
      detail: error.detail,
      ...(errors
        ? { errors: errors.map((each) => ({ ...each, pointer: within(place, each.pointer) })) }
        : {}),
    };
    return { index, status: error.status, lead: null, problem };
  }
}

/** Where in the batch a row's own pointer points. */
function within(place: string, pointer: string): string {
  if (pointer.startsWith(`${place}/`)) return pointer;
  return pointer === "/path/e164" ? `${place}/by/phone` : `${place}/lead${pointer}`;
}

async function perform(
  ctx: TenantContext,
  row: LeadBatchRow,
  pointer: string,
  rowKey: string | undefined,
): Promise<Pick<RowResult, "status" | "lead">> {
  switch (row.op) {
    case "create":
      return { status: 201, lead: await createLead(ctx, read(createLeadSchema, row.lead, pointer), rowKey) };
    case "update": {
      const { id, ifMatch } = row;
      return {
        status: 200,
        lead: await updateLead(ctx, { id, ifMatch }, read(updateLeadSchema, row.lead, pointer)),
      };
    }
    case "upsert": {
      const schema = "phone" in row.by ? upsertByPhoneSchema : updateLeadSchema;
      const { lead, created } = await upsertLead(ctx, row.by, read(schema, row.lead, pointer), row.ifMatch);
      return { status: created ? 201 : 200, lead };
    }
    case "delete":
      await deleteLead(ctx, { id: row.id, ifMatch: row.ifMatch });
      return { status: 204, lead: null };
  }
}

/** @throws AppError validation-failed with pointers into the row. */
function read<S extends z.ZodType>(schema: S, lead: unknown, pointer: string): z.output<S> {
  const parsed = schema.safeParse(lead);
  if (!parsed.success) throw validationProblem(parsed.error, pointer);
  return parsed.data;
}
