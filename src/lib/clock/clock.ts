/**
 * The stack's clock. Outside stage local it is the process's own time and costs no query. In stage local an offset,
 * one row in the central database, moves it forward, so that a day's delay can be watched in a second.
 */

import { getCentralModels } from "../db/get.central.models";
import { isLocalStage } from "../env/env";

const rowId = "clock";
let offsetMs = 0;

/** Now, by the stack's clock. */
export function now(): Date {
  return new Date(Date.now() + offsetMs);
}

/** How far the stack's clock is ahead, in ms; queries add it to the server's `$$NOW`. Always 0 outside stage local. */
export function clockOffsetMs(): number {
  return offsetMs;
}

let reading: Promise<void> | undefined;
let next: Promise<void> | undefined;

/**
 * Reads the offset again. Mounts and drains call it first; outside stage local it does nothing. Whoever comes while a
 * reading is under way shares the next one with everybody else who does: that one begins after they asked.
 */
export function refreshClock(): Promise<void> {
  if (!isLocalStage()) return Promise.resolve();
  if (!reading) return begin();
  next ??= reading.then(begin, begin);
  return next;
}

function begin(): Promise<void> {
  next = undefined;
  const mine = readOffset().finally(() => {
    if (reading === mine) reading = undefined;
  });
  reading = mine;
  return mine;
}

async function readOffset(): Promise<void> {
  const { PlatformMark } = await getCentralModels();
  const row = await PlatformMark.findById(rowId).lean();
  offsetMs = row?.value ?? 0;
}

/** Thrown when somebody would set the clock back, or outside stage local. */
export class ClockError extends Error {
  override readonly name = "ClockError";
}

/**
 * Moves the stack's clock forward, for every process of the stack.
 * @param change `byMs`: how far, in ms; or `to`: the new now.
 * @returns the new now.
 * @throws ClockError when the clock would go back, and in every stage but local.
 */
export async function moveClock(change: { byMs: number } | { to: Date }): Promise<Date> {
  if (!isLocalStage()) throw new ClockError("The clock can be moved in stage local only.");
  await refreshClock();
  const byMs = "byMs" in change ? change.byMs : change.to.getTime() - now().getTime();
  if (byMs < 0)
    throw new ClockError("The clock only goes forward: give a later time or a positive duration.");
  const { PlatformMark } = await getCentralModels();
  await PlatformMark.updateOne(
    { _id: rowId },
    { $inc: { value: byMs }, $set: { at: new Date() } },
    { upsert: true },
  );
  await refreshClock();
  return now();
}
