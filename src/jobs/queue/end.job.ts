import type { ClientSession } from "mongoose";
import { inCentralTransaction } from "../../lib/db/central.connection";
import { type OrderingLine, releaseNext } from "./release";

/**
 * Runs a statement that may end heads of these lines, and lets their successors out in the same transaction. Without
 * lines there is no transaction. A job that was enqueued behind the head while the transaction ran is not in its
 * snapshot, so the lines are looked at once more after the commit.
 */
export async function endingHeads<T>(
  lines: readonly OrderingLine[],
  statement: (session?: ClientSession) => Promise<T>,
): Promise<T> {
  if (lines.length === 0) return statement();
  const result = await inCentralTransaction(async (session) => {
    const ended = await statement(session);
    await releaseNext(lines, session);
    return ended;
  });
  await releaseNext(lines);
  return result;
}

/** The line that a job stands in, as the list `endingHeads` takes: none for a job without an ordering key. */
export function lineOf(job: { clientCode: string; orderingKey?: string | undefined }): OrderingLine[] {
  const { clientCode, orderingKey } = job;
  return orderingKey === undefined ? [] : [{ clientCode, orderingKey }];
}
