import { clockOffsetMs } from "../../lib/clock/clock";
import { jobsCollection } from "./jobs.collection";

/**
 * The stack's time as an expression for the server: its own clock plus the stack's offset. Due times use it, so that
 * a worker's clock does not matter. Leases use `$$NOW` alone.
 */
export function stackNow(): "$$NOW" | { $add: ["$$NOW", number] } {
  const offset = clockOffsetMs();
  return offset === 0 ? "$$NOW" : { $add: ["$$NOW", offset] };
}

/** `stackNow()` and `ms` more. */
export function stackNowPlus(ms: number): { $add: ["$$NOW", number] } {
  return { $add: ["$$NOW", clockOffsetMs() + Math.round(ms)] };
}

/** How long a reading of the server's clock is carried on by our own. */
const readingGoodForMs = 30_000;
/** A process that was frozen or whose clock was set shows it by its two clocks going apart. */
const clocksApartMs = 500;

interface Reading {
  readonly serverMs: number;
  readonly steadyMs: number;
  readonly wallMs: number;
}

let reading: Promise<Reading> | undefined;

/**
 * The server's clock, for writes that cannot compute on the server (inserts in bulk). It is asked at most every 30 s
 * and carried on by this process's steady clock in between, so that a bulk enqueue costs no round trip of its own.
 */
export async function readServerTime(): Promise<Date> {
  reading ??= askServer();
  const last = await reading;
  const passed = performance.now() - last.steadyMs;
  if (passed < readingGoodForMs && Math.abs(Date.now() - last.wallMs - passed) < clocksApartMs)
    return new Date(last.serverMs + passed);
  reading = askServer();
  return new Date((await reading).serverMs);
}

async function askServer(): Promise<Reading> {
  try {
    const { localTime }: { localTime?: unknown } = await (await jobsCollection()).db.command({ hello: 1 });
    if (!(localTime instanceof Date))
      throw new Error("The server did not say its time in its answer to hello.");
    return { serverMs: localTime.getTime(), steadyMs: performance.now(), wallMs: Date.now() };
  } catch (error) {
    reading = undefined;
    throw error;
  }
}
