/** What a stage asks of a lead that is moved or put into it. Who starts where new leads start is never refused. */
import { type Types, trusted } from "mongoose";
import { AppError } from "../../../lib/errors/app.error";
import type { Change } from "../../../lib/tenant/commit.change";
import type { LeadRecord } from "../../../model/saas/lead.schema";
import { toLead } from "./lead.serialiser";
import type { StagePlace } from "./stage.lookup";

/**
 * @throws AppError missing-fields with a pointer per field; stage-full. Of parallel moves only as many get in as the
 * limit allows: changes of a tenant that overlap meet in the event counter, and the later one counts again.
 */
export async function requireEntry(
  change: Change,
  lead: LeadRecord,
  { stage }: StagePlace,
  lostReason: string | undefined,
): Promise<void> {
  const missing = stage.requiredFields.filter((field) => isMissing(lead, field, lostReason));
  if (missing.length > 0)
    throw new AppError(
      "missing-fields",
      "The stage asks for fields that the lead lacks; see errors. Fill them first.",
      {
        errors: missing.map((field) => ({
          pointer: `/${field.replace(".", "/")}`,
          code: "required",
          detail: `The stage asks for ${field}.`,
        })),
      },
    );
  if (stage.wipLimit !== null && (await countUpTo(change, stage._id, stage.wipLimit)) >= stage.wipLimit)
    throw new AppError(
      "stage-full",
      `The stage holds ${stage.wipLimit} leads already, its limit. Move one out first, or raise the limit.`,
    );
}

function isMissing(lead: LeadRecord, field: string, lostReason: string | undefined): boolean {
  if (field === "lostReason") return lostReason === undefined;
  const shown: Record<string, unknown> = toLead(lead);
  const value = field.startsWith("custom.") ? lead.custom[field.slice("custom.".length)] : shown[field];
  return value === null || value === undefined || value === "";
}

async function countUpTo(change: Change, stageId: Types.ObjectId, limit: number): Promise<number> {
  // Only living leads have a rank, so that the keys of an index are enough to count them.
  return change.models.Lead.countDocuments({ stageId, rank: trusted({ $gt: "" }) })
    .limit(limit)
    .session(change.session);
}
