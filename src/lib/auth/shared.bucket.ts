import type { ApiRateRecord } from "../../model/clients/api.rate.schema";
import { centralConnection } from "../db/central.connection";
import { env } from "../env/env";

/** A bucket that nobody asked for this long is full again, whatever it held. */
const keptMs = 60 * 60_000;

export interface RateLimit {
  readonly ratePerSecond: number;
  /** Most requests at once after a pause. */
  readonly burst: number;
}

/**
 * Takes up to `want` requests from a key's bucket, which all containers share: it fills by `ratePerSecond` up to
 * `burst`, by the server's clock. One atomic update; at worst a lost primary gives a key some requests twice, so it is
 * not kept waiting for a majority.
 * @returns how many were granted, and how many whole ones are left.
 */
export async function takeFromBucket(
  keyId: string,
  want: number,
  { ratePerSecond, burst }: RateLimit,
): Promise<{ granted: number; left: number }> {
  const connection = await centralConnection();
  const rates = connection.getClient().db(env().ECOD_CENTRAL_DB).collection<ApiRateRecord>("apiRates");
  const sinceMs = { $subtract: ["$$NOW", { $ifNull: ["$refilledAt", "$$NOW"] }] };
  const inflow = { $multiply: [{ $divide: [sinceMs, 1_000] }, ratePerSecond] };
  const row = await rates.findOneAndUpdate(
    { _id: keyId },
    [
      {
        $set: {
          tokens: { $min: [burst, { $add: [{ $ifNull: ["$tokens", burst] }, inflow] }] },
          refilledAt: "$$NOW",
          expireAt: { $add: ["$$NOW", keptMs] },
        },
      },
      { $set: { granted: { $min: [want, { $floor: "$tokens" }] } } },
      { $set: { tokens: { $subtract: ["$tokens", "$granted"] } } },
    ],
    { upsert: true, returnDocument: "after", writeConcern: { w: 1 } },
  );
  return { granted: row?.granted ?? 0, left: Math.floor(row?.tokens ?? 0) };
}
