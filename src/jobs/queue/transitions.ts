/**
 * What every way out of `running` has in common, as stages of a pipeline update: used by the statements beside it, so
 * that no field of a finished hold survives in one of them.
 */
import type { JobError } from "../../model/clients/job.schema";
import { stackNow } from "./server.time";

const dayMs = 24 * 60 * 60_000;
/** How long ended jobs stay, in real time. The dead stay until a person retries or discards them. */
const keepMs = { done: 7 * dayMs, cancelled: 7 * dayMs };
const keptErrors = 5;

export type EndState = "done" | "dead" | "cancelled";

/** What only a running job has. */
export const heldFields = ["token", "workerId", "leaseUntil"] as const;

/** Ends a job in `state`, with `fields` (literals or expressions) beside it. */
export function ended(state: EndState, fields: Record<string, unknown> = {}): Record<string, unknown>[] {
  return [
    {
      $set: {
        ...fields,
        state,
        blockedBy: null,
        finishedAt: stackNow(),
        ...(state === "dead" ? {} : { expireAt: { $add: ["$$NOW", keepMs[state]] } }),
      },
    },
    { $unset: [...heldFields, "activeKey", "head", "cancelRequestedAt"] },
  ];
}

/** Puts a job back among the waiting, now. */
export function waitingNow(fields: Record<string, unknown> = {}): Record<string, unknown>[] {
  return [{ $set: { ...fields, state: "waiting", blockedBy: null } }, { $unset: [...heldFields] }];
}

/** Puts a job off until `runAt` (an expression). */
export function scheduledAt(runAt: unknown, fields: Record<string, unknown> = {}): Record<string, unknown>[] {
  return [{ $set: { ...fields, state: "scheduled", blockedBy: null, runAt } }, { $unset: [...heldFields] }];
}

/** Notes an error: as the last one, and among the last five. */
export function noted(error: Pick<JobError, "code" | "detail">): Record<string, unknown> {
  const entry = { at: stackNow(), code: { $literal: error.code }, detail: { $literal: error.detail } };
  return {
    lastError: entry,
    failures: { $slice: [{ $concatArrays: ["$failures", [entry]] }, -keptErrors] },
  };
}
