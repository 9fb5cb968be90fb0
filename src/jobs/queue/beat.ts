import type { Types } from "mongoose";
import { jobsCollection } from "./jobs.collection";

/** What is still ours after a beat, by `<id>:<token>`. */
export interface Pulse {
  readonly alive: ReadonlySet<string>;
  /** Of these, the ones that somebody asked to cancel. */
  readonly cancelled: ReadonlySet<string>;
}

export const holdName = (hold: { id: Types.ObjectId; token: string }): string =>
  `${hold.id.toHexString()}:${hold.token}`;

/** Renews the leases of everything held under these tokens, by the server's clock. @returns how many those were. */
export async function beat(tokens: readonly string[]): Promise<number> {
  const jobs = await jobsCollection();
  const update = await jobs.updateMany(
    { token: { $in: [...tokens] }, state: "running" },
    [{ $set: { leaseUntil: { $add: ["$$NOW", "$leaseMs"] } } }],
    { hint: "token" },
  );
  return update.matchedCount;
}

/** Reads which jobs are still held under these tokens, and which of them are to be cancelled. */
export async function feelPulse(tokens: readonly string[]): Promise<Pulse> {
  const jobs = await jobsCollection();
  const rows = await jobs
    .find({ token: { $in: [...tokens] }, state: "running" })
    .hint("token")
    .project<{ _id: Types.ObjectId; token: string; cancelRequestedAt?: Date }>({
      token: 1,
      cancelRequestedAt: 1,
    })
    .toArray();
  const name = (row: { _id: Types.ObjectId; token: string }) => holdName({ id: row._id, token: row.token });
  return {
    alive: new Set(rows.map(name)),
    cancelled: new Set(rows.filter((row) => row.cancelRequestedAt).map(name)),
  };
}
