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

/** The server's clock, read once, for writes that cannot compute on the server (inserts in bulk). */
export async function readServerTime(): Promise<Date> {
  const { localTime }: { localTime?: unknown } = await (await jobsCollection()).db.command({ hello: 1 });
  if (!(localTime instanceof Date))
    throw new Error("The server did not say its time in its answer to hello.");
  return localTime;
}
