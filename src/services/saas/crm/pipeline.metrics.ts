/** How leads went through a pipeline: from the keys of the stage history's indexes, whatever the number of leads. */
import { Types } from "mongoose";
import * as z from "zod";
import type { Money } from "../../../contracts/common.contract";
import type { PipelineMetrics } from "../../../contracts/pipeline.contract";
import type { TenantContext } from "../../../lib/context/tenant.context";
import { invalidRequest } from "../../../lib/http/validation.problem";
import { type CrmModels, getCrmModels } from "../../../lib/tenant/get.crm.model";
import type { PipelineRecord, StageRecord } from "../../../model/saas/pipeline.schema";
import { notFound } from "./crm.problem";
import { toTimestamp } from "./lead.serialiser";
import { pipelineTotals } from "./pipeline.totals";

const minuteMs = 60_000;
const dayMs = 24 * 60 * minuteMs;
const usualDays = 30;
const maxDays = 366;
/** Durations are counted by size, each size class 2 % above the one before. */
const classesPerE = 50;

interface Span {
  readonly from: Date;
  readonly to: Date;
}
const idSchema = z.instanceof(Types.ObjectId);

/** @throws AppError not-found, validation-failed for a time that ends before it begins or is too long. */
export async function getPipelineMetrics(
  ctx: TenantContext,
  id: string,
  query: { from?: string | undefined; to?: string | undefined },
): Promise<PipelineMetrics> {
  const models = await getCrmModels(ctx.clientCode);
  const pipeline = await models.Pipeline.findById(new Types.ObjectId(id)).lean();
  if (!pipeline) throw notFound("pipeline");
  const span = spanOf(query, ctx.now());
  const stages = [...pipeline.stages].sort((a, b) => a.order - b.order);
  const moves = await movesOf(models, pipeline, span);
  const times = await timesOf(models, pipeline, span);
  const totals = await pipelineTotals(
    models,
    stages.map(({ _id }) => _id.toHexString()),
  );
  const entered = (of: (stage: StageRecord) => boolean) =>
    moves
      .filter(({ to }) => stages.some((stage) => of(stage) && stage._id.equals(to)))
      .reduce((sum, { count }) => sum + count, 0);
  const won = entered(({ type }) => type === "won");
  const lost = entered(({ type }) => type === "lost");
  const open = stages.filter(({ type }) => type === "open");
  const valuesOf = (stage: StageRecord) => totals.get(stage._id.toHexString())?.values ?? [];
  return {
    pipelineId: id,
    from: toTimestamp(span.from),
    to: toTimestamp(span.to),
    stages: stages.map((stage) => {
      const out = moves.filter(({ from }) => from?.equals(stage._id));
      const to = (which: (other: StageRecord) => boolean) =>
        out
          .filter((move) => stages.some((other) => which(other) && other._id.equals(move.to)))
          .reduce((sum, { count }) => sum + count, 0);
      // Stays that ended: leads that went to another pipeline left too.
      const stays = times.get(stage._id.toHexString()) ?? [];
      const left = stays.reduce((sum, { count }) => sum + count, 0);
      const movedOn = to(({ type, order }) => type === "won" || (type === "open" && order > stage.order));
      return {
        stageId: stage._id.toHexString(),
        stageKey: stage.key,
        name: stage.name,
        type: stage.type,
        entered: entered((other) => other === stage),
        left,
        movedOn,
        lost: to(({ type }) => type === "lost"),
        conversion: left === 0 ? null : movedOn / left,
        timeInStage: timesIn(stays),
        moves: out.map((move) => ({ toStageId: move.to.toHexString(), count: move.count })),
        leads: totals.get(stage._id.toHexString())?.count ?? 0,
        values: valuesOf(stage),
      };
    }),
    won,
    lost,
    winRate: won + lost === 0 ? null : won / (won + lost),
    wonValues: await wonValues(models, pipeline, span),
    openValues: summed(open.flatMap(valuesOf)),
    forecastValues: summed(
      open.flatMap((stage) =>
        valuesOf(stage).map(({ amount, currency }) => ({
          amount: amount * (stage.probability ?? 0),
          currency,
        })),
      ),
    ),
  };
}

function spanOf(query: { from?: string | undefined; to?: string | undefined }, now: Date): Span {
  const to = query.to ? new Date(query.to) : new Date(Math.ceil((now.getTime() + 1) / minuteMs) * minuteMs);
  const from = query.from ? new Date(query.from) : new Date(to.getTime() - usualDays * dayMs);
  const wrong = (pointer: string, detail: string) =>
    invalidRequest([{ pointer, code: "invalid-value", detail }]);
  if (from >= to) throw wrong("/query/from", "Must be before `to`.");
  if (to.getTime() - from.getTime() > maxDays * dayMs)
    throw wrong("/query/from", `Must be at most ${maxDays} days before \`to\`.`);
  return { from, to };
}

interface Move {
  readonly from: Types.ObjectId | null;
  readonly to: Types.ObjectId;
  readonly count: number;
}

async function movesOf({ StageHistory }: CrmModels, { _id }: PipelineRecord, span: Span): Promise<Move[]> {
  const groups = await StageHistory.aggregate([
    { $match: { pipelineId: _id, enteredAt: { $gte: span.from, $lt: span.to } } },
    { $project: { _id: 0, fromStageId: 1, toStageId: 1 } },
    { $group: { _id: { from: "$fromStageId", to: "$toStageId" }, count: { $sum: 1 } } },
  ]).option({ hint: "entered" });
  const schema = z.object({ _id: z.object({ from: idSchema.nullable(), to: idSchema }), count: z.number() });
  return z
    .array(schema)
    .parse(groups)
    .map((group) => ({ ...group._id, count: group.count }));
}

interface TimeClass {
  readonly size: number;
  readonly count: number;
}

/** Durations of the stays that ended, by stage and size class. */
async function timesOf(
  { StageHistory }: CrmModels,
  { _id }: PipelineRecord,
  span: Span,
): Promise<Map<string, TimeClass[]>> {
  const groups = await StageHistory.aggregate([
    { $match: { pipelineId: _id, leftAt: { $gte: span.from, $lt: span.to } } },
    { $project: { _id: 0, toStageId: 1, durationMs: 1 } },
    {
      $group: {
        _id: {
          stage: "$toStageId",
          size: { $floor: { $multiply: [{ $ln: { $add: ["$durationMs", 1] } }, classesPerE] } },
        },
        count: { $sum: 1 },
      },
    },
  ]).option({ hint: "left" });
  const schema = z.object({ _id: z.object({ stage: idSchema, size: z.number() }), count: z.number() });
  const times = new Map<string, TimeClass[]>();
  for (const { _id: key, count } of z.array(schema).parse(groups)) {
    const stage = key.stage.toHexString();
    times.set(stage, [...(times.get(stage) ?? []), { size: key.size, count }]);
  }
  return times;
}

function timesIn(classes: readonly TimeClass[]): { p50Ms: number | null; p90Ms: number | null } {
  const sorted = [...classes].sort((a, b) => a.size - b.size);
  const total = sorted.reduce((sum, { count }) => sum + count, 0);
  const quantile = (share: number): number | null => {
    let below = 0;
    const found = sorted.find(({ count }) => {
      below += count;
      return below >= total * share;
    });
    return found ? Math.round(Math.exp((found.size + 0.5) / classesPerE) - 1) : null;
  };
  return { p50Ms: quantile(0.5), p90Ms: quantile(0.9) };
}

async function wonValues({ Lead }: CrmModels, { _id }: PipelineRecord, span: Span): Promise<Money[]> {
  const groups = await Lead.aggregate([
    { $match: { pipelineId: _id, wonAt: { $gte: span.from, $lt: span.to }, deletedAt: null } },
    { $group: { _id: "$value.currency", amount: { $sum: "$value.amount" } } },
  ]).option({ hint: "won" });
  return z
    .array(z.object({ _id: z.string().nullable(), amount: z.number() }))
    .parse(groups)
    .flatMap((group) => (group._id === null ? [] : [{ currency: group._id, amount: group.amount }]));
}

function summed(values: readonly Money[]): Money[] {
  const sums = new Map<string, number>();
  for (const { amount, currency } of values) sums.set(currency, (sums.get(currency) ?? 0) + amount);
  return [...sums].map(([currency, amount]) => ({ amount, currency }));
}
