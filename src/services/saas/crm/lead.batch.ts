/** Up to a hundred changes of leads in one request, each on its own. */
import type * as z from "zod";
import type { LeadBatchResult, LeadBatchRow } from "../../../contracts/lead.batch.contract";
import { createLeadSchema, updateLeadSchema, upsertByPhoneSchema } from "../../../contracts/lead.contract";
import type { TenantContext } from "../../../lib/context/tenant.context";
import { AppError } from "../../../lib/errors/app.error";
import { problemCatalog } from "../../../lib/errors/problem.catalog";
import { validationProblem } from "../../../lib/http/validation.problem";
import { createLead, deleteLead, updateLead, upsertLead } from "./lead.service";

type RowResult = LeadBatchResult["results"][number];

/** Does every row, in their order; what fails is told in its result and undoes nothing. */
export async function changeLeads(
  ctx: TenantContext,
  rows: readonly LeadBatchRow[],
): Promise<LeadBatchResult> {
  const results: RowResult[] = [];
  for (const [index, row] of rows.entries()) results.push(await resultOf(ctx, index, row));
  const failed = results.filter(({ problem }) => problem !== null).length;
  return { succeeded: results.length - failed, failed, results };
}

async function resultOf(ctx: TenantContext, index: number, row: LeadBatchRow): Promise<RowResult> {
  try {
    return { index, problem: null, ...(await perform(ctx, row, `/operations/${index}/lead`)) };
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    const { status, title } = problemCatalog[error.code];
    const { errors, extensions } = error.options;
    const problem = {
      ...extensions,
      status,
      title,
      code: error.code,
      detail: error.detail,
      ...(errors ? { errors: [...errors] } : {}),
    };
    return { index, status, lead: null, problem };
  }
}

async function perform(
  ctx: TenantContext,
  row: LeadBatchRow,
  pointer: string,
): Promise<Pick<RowResult, "status" | "lead">> {
  switch (row.op) {
    case "create":
      return { status: 201, lead: await createLead(ctx, read(createLeadSchema, row.lead, pointer)) };
    case "update": {
      const { id, ifMatch } = row;
      return {
        status: 200,
        lead: await updateLead(ctx, { id, ifMatch }, read(updateLeadSchema, row.lead, pointer)),
      };
    }
    case "upsert": {
      const schema = "phone" in row.by ? upsertByPhoneSchema : updateLeadSchema;
      const lead = await upsertLead(ctx, row.by, read(schema, row.lead, pointer), row.ifMatch);
      return { status: lead.version === 1 ? 201 : 200, lead };
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
