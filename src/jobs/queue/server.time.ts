import { clockOffsetMs, now } from "../../lib/clock/clock";
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
/** The latest that was answered. */
let answered: Reading | undefined;

/** The server's time as of a reading, carried on; undefined for one that is too old or cannot be trusted any more. */
function carriedOn({ serverMs, steadyMs, wallMs }: Reading, goodForMs: number): number | undefined {
  const passed = performance.now() - steadyMs;
  const good = passed < goodForMs && Math.abs(Date.now() - wallMs - passed) < clocksApartMs;
  return good ? serverMs + passed : undefined;
}

/**
 * The server's clock, for writes that cannot compute on the server (inserts in bulk). It is asked at most every 30 s
 * and carried on by this process's steady clock in between, so that a bulk enqueue costs no round trip of its own.
 */
export async function readServerTime(): Promise<Date> {
  reading ??= askServer();
  const carried = carriedOn(await reading, readingGoodForMs);
  if (carried !== undefined) return new Date(carried);
  reading = askServer();
  return new Date((await reading).serverMs);
}

/** The server's clock plus the stack's offset: what due times are compared with. */
export async function readStackTime(): Promise<Date> {
  return new Date((await readServerTime()).getTime() + clockOffsetMs());
}

/** The same at once, from the latest reading, for figures only; by this process's clock where there is none. */
export function stackTimeNow(): Date {
  const carried = answered && carriedOn(answered, 2 * readingGoodForMs);
  return carried === undefined ? now() : new Date(carried + clockOffsetMs());
}

async function askServer(): Promise<Reading> {
  try {
    const { localTime }: { localTime?: unknown } = await (await jobsCollection()).db.command({ hello: 1 });
    if (!(localTime instanceof Date))
      throw new Error("The server did not say its time in its answer to hello.");
    answered = { serverMs: localTime.getTime(), steadyMs: performance.now(), wallMs: Date.now() };
    return answered;
  } catch (error) {
    reading = undefined;
    throw error;
  }
}
