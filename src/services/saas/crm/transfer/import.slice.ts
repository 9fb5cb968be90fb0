/** One slice of an import: planned while the slice before is written, then done in one change with its progress. */
import type { ClientSession } from "mongoose";
import { trusted } from "mongoose";
import type { TenantContext } from "../../../../lib/context/tenant.context";
import { isDuplicateKey } from "../../../../lib/db/duplicate.key";
import { type Change, commitChange } from "../../../../lib/tenant/commit.change";
import { type CrmModels, getCrmModels } from "../../../../lib/tenant/get.crm.model";
import type { ImportCounts, ImportSample, LeadImportRecord } from "../../../../model/saas/lead.import.schema";
import { findFirstStage, findStageById, type StagePlace } from "../stage.lookup";
import { mayMatter } from "./import.audience";
import { ImportFailure, ImportTaken } from "./import.failure";
import { noteSeen, type Plan, type PlannedRow, planRows, toSample } from "./import.plan";
import type { PreparedRow } from "./import.row";
import { changesLeads, StalePlan, writePlanned } from "./import.write";

const samplesPerOutcome = 5;
/** Others who create the same leads at the same time are few; more tries than these mean something else is wrong. */
const maxPlans = 4;

/** Rows to be done, and what is to become of them. */
export interface ImportSlice {
  readonly plan: Plan;
  /** The same as things stand then, in the session of a change. */
  readonly again: (session: ClientSession) => Promise<Plan>;
}

/**
 * Plans slice after slice, without those that were done before. Nothing is held while a plan waits to be written:
 * that it still fits is seen then, by versions and unique keys.
 */
export async function* plannedSlices(
  ctx: TenantContext,
  { row, settings }: LeadImportRecord,
  slices: AsyncIterable<readonly PreparedRow[]>,
): AsyncGenerator<ImportSlice> {
  const models = await getCrmModels(ctx.clientCode);
  const seen = new Map<string, number>();
  for await (const slice of slices) {
    noteSeen(seen, slice);
    const rows = slice.filter(({ raw }) => raw.row > row);
    if (rows.length === 0) continue;
    const planIn = async (session: ClientSession | null) => {
      const place = await placeOf(models, settings, session);
      return planRows({ ctx, models, session, settings, place, seen }, rows);
    };
    yield { plan: await planIn(null), again: planIn };
  }
}

async function placeOf(
  models: CrmModels,
  { defaults: { stageId } }: LeadImportRecord["settings"],
  session: ClientSession | null,
): Promise<StagePlace | null> {
  if (!stageId) return findFirstStage(models, undefined, session);
  const place = await findStageById(models, stageId, session);
  if (!place) throw new ImportFailure("invalid-reference", "The stage for new leads is not there any more.");
  return place;
}

/**
 * Tries one slice out, or does it: leads, events and progress in one change. A slice that changes nothing and refuses
 * nobody is one write.
 * @returns the import as it stands after it.
 * @throws ImportTaken when it was cancelled, or somebody else went on with it.
 */
export async function doSlice(
  ctx: TenantContext,
  at: LeadImportRecord,
  slice: ImportSlice,
): Promise<LeadImportRecord> {
  const { plan } = slice;
  if (at.mode === "commit" && changesLeads(plan)) return writeSlice(ctx, at, slice);
  if (at.row > 0 && !plan.rows.some(({ outcome }) => outcome === "failed"))
    return noteProgress(await getCrmModels(ctx.clientCode), null, at, plan);
  return commitChange(ctx, (change) => saveSlice(change, at, plan));
}

/** The plan made beforehand, or, when somebody was faster, one made in the change itself. */
async function writeSlice(
  ctx: TenantContext,
  at: LeadImportRecord,
  { plan, again }: ImportSlice,
): Promise<LeadImportRecord> {
  // The change has the time of its plan, so that leads, history and events tell the same.
  const then = { ...ctx, now: () => plan.at };
  let plans = 0;
  const write = async (change: Change) => {
    plans += 1;
    const current = plans === 1 ? plan : await again(change.session);
    if (plans === 1) await requirePlace(change, at, plan);
    await writePlanned(ctx, change, current);
    return saveSlice(change, at, current);
  };
  for (;;) {
    try {
      return await commitChange(then, write, { dispatch: at.settings.runRules && mayMatter });
    } catch (error) {
      if (plans >= maxPlans || !(error instanceof StalePlan || isDuplicateKey(error))) throw error;
    }
  }
}

/** @throws StalePlan when the stage of new leads, or anything of its pipeline, was changed. */
async function requirePlace({ models, session }: Change, at: LeadImportRecord, plan: Plan): Promise<void> {
  const place = await placeOf(models, at.settings, session);
  const isSame =
    place?.stage._id.toHexString() === plan.place?.stage._id.toHexString() &&
    place?.pipeline.version === plan.place?.pipeline.version;
  if (!isSame) throw new StalePlan("The pipeline was changed since the plan was made.");
}

/** Notes what became of the rows, the refused ones with their cells. */
async function saveSlice(
  { models, session }: Change,
  at: LeadImportRecord,
  plan: Plan,
): Promise<LeadImportRecord> {
  const { LeadImportError } = models;
  const failed = plan.rows.filter(({ outcome }) => outcome === "failed");
  const expireAt = new Date(Date.now() + (at.expiresAt.getTime() - at.createdAt.getTime()));
  // What the preview of these rows refused, when whoever committed it died before its refusals were gone.
  await LeadImportError.deleteMany({ importId: at._id, row: trusted({ $gt: at.row }) }, { session });
  if (failed.length > 0)
    await LeadImportError.insertMany(
      failed.map(({ row, errors }) => ({
        importId: at._id,
        row: row.raw.row,
        cells: [...row.raw.cells],
        problems: [...errors],
        expireAt,
      })),
      { session },
    );
  return noteProgress(models, session, at, plan);
}

/** Moves the import on, if it still stands where these rows begin. @throws ImportTaken otherwise. */
async function noteProgress(
  { LeadImport }: CrmModels,
  session: ClientSession | null,
  at: LeadImportRecord,
  { at: updatedAt, rows }: Plan,
): Promise<LeadImportRecord> {
  const next = {
    columns: at.columns,
    counts: counted(at.counts, rows),
    samples: sampled(at.samples, rows),
    row: rows.at(-1)?.row.raw.row ?? at.row,
    progress: at.progress,
    tries: 0,
    updatedAt,
  };
  const { matchedCount } = await LeadImport.updateOne(
    { _id: at._id, state: "running", row: at.row },
    { $set: next },
    session ? { session } : {},
  );
  if (matchedCount === 0) throw new ImportTaken();
  return { ...at, ...next };
}

function counted(before: ImportCounts, planned: readonly PlannedRow[]): ImportCounts {
  const counts = { ...before, rows: before.rows + planned.length };
  for (const { outcome } of planned) counts[outcome] += 1;
  return counts;
}

function sampled(before: readonly ImportSample[], planned: readonly PlannedRow[]): ImportSample[] {
  const samples = [...before];
  const wanted = new Map<string, number>();
  for (const { outcome } of before) wanted.set(outcome, (wanted.get(outcome) ?? 0) + 1);
  for (const row of planned) {
    const shown = wanted.get(row.outcome) ?? 0;
    if (shown >= samplesPerOutcome) continue;
    wanted.set(row.outcome, shown + 1);
    samples.push(toSample(row));
  }
  return samples;
}
