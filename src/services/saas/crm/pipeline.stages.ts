/** Stages as a pipeline stores them: their keys, their order, and what every pipeline must have. */
import { Types } from "mongoose";
import type { CreateStage } from "../../../contracts/pipeline.contract";
import { AppError } from "../../../lib/errors/app.error";
import type { PipelineRecord, StageRecord } from "../../../model/saas/pipeline.schema";
import { invalidState, notFound } from "./crm.problem";

/** The stages of a pipeline for which nobody named any. */
export const usualStages: readonly CreateStage[] = [
  { name: "New", type: "open", probability: 0.1, color: "#718096" },
  { name: "Contacted", type: "open", probability: 0.2, color: "#3182ce" },
  { name: "Qualified", type: "open", probability: 0.4, color: "#805ad5" },
  { name: "Proposal", type: "open", probability: 0.6, color: "#d69e2e" },
  { name: "Won", type: "won", probability: 1, color: "#2f855a" },
  { name: "Lost", type: "lost", probability: 0, color: "#c53030" },
];

/** A key made from a name, e.g. `Proposta enviada` -> `proposta_enviada`; `taken` gets a number. */
export function keyFrom(name: string, taken: ReadonlySet<string>): string {
  const plain = name
    .normalize("NFD")
    .replace(/\p{M}+/gu, "")
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "_")
    .replace(/^_+|_+$/g, "")
    .slice(0, 56);
  const key = plain || "stage";
  for (let number = 1; ; number += 1) {
    const candidate = number === 1 ? key : `${key}_${number}`;
    if (!taken.has(candidate)) return candidate;
  }
}

/**
 * Stages made from what was asked for, in its order, after those in `before`.
 * @throws AppError duplicate for a key given twice.
 */
export function newStages(
  wanted: readonly CreateStage[],
  before: readonly StageRecord[] = [],
): StageRecord[] {
  const taken = new Set(before.map(({ key }) => key));
  for (const { key } of wanted) {
    if (key === undefined) continue;
    if (taken.has(key))
      throw new AppError("duplicate", "Two stages of a pipeline cannot have the same key. Choose another.");
    taken.add(key);
  }
  return wanted.map((stage, index) => {
    const key = stage.key ?? keyFrom(stage.name, taken);
    taken.add(key);
    return {
      _id: new Types.ObjectId(),
      key,
      name: stage.name,
      order: before.length + index,
      type: stage.type,
      probability: stage.probability ?? null,
      rottingDays: stage.rottingDays ?? null,
      wipLimit: stage.wipLimit ?? null,
      color: stage.color ?? null,
      requiredFields: stage.requiredFields ?? [],
      archived: false,
      closing: null,
    };
  });
}

/** The stage of a pipeline with this id. @throws AppError not-found. */
export function stageOf(pipeline: PipelineRecord, stageId: string): StageRecord {
  const stage = pipeline.stages.find(({ _id }) => _id.equals(stageId));
  if (!stage) throw notFound("stage");
  return stage;
}

/** @throws AppError invalid-state when no open stage would be left for new leads to start in. */
export function requireOpenStage(stages: readonly StageRecord[]): void {
  if (!stages.some(({ type, archived }) => type === "open" && !archived))
    throw invalidState("A pipeline needs at least one open stage for new leads to start in.");
}

/** Numbers stages by their place in the list. */
export function numbered(stages: readonly StageRecord[]): StageRecord[] {
  return stages.map((stage, order) => ({ ...stage, order }));
}
