/**
 * Limits that hold over all workers: how many jobs run at once, how many start in a minute. One document per limited
 * tenant and queue holds a lease for each runner; a request drops what has run out, counts the rest and takes what is
 * free, in one update. Nothing drifts: a runner that died stops counting when its lease ends.
 */
import { slotsCollection } from "./jobs.collection";

export const slotLeaseMs = 30_000;

export interface SlotRequest {
  /** `<queue>:<clientCode>`, or `<queue>:*` for the whole queue. */
  readonly slot: string;
  readonly holder: string;
  /** How many this runner holds of it now. */
  readonly held: number;
  /** How many more it would take. */
  readonly want: number;
  /** At most this many at once, everybody's together; null: any number. */
  readonly maxRunning: number | null;
  /** At most this many starts in a minute; null: any number. A sixth of it may start at once. */
  readonly ratePerMinute: number | null;
  /** Starts that were granted and not used. */
  readonly unused: number;
}

/** Leases of the others that have not run out. */
const others = (holder: string) => ({
  $filter: {
    input: { $ifNull: ["$leases", []] },
    cond: { $and: [{ $gt: ["$$this.until", "$$NOW"] }, { $ne: ["$$this.holder", holder] }] },
  },
});

const mine = (holder: string, count: unknown) => [{ holder, count, until: { $add: ["$$NOW", slotLeaseMs] } }];

/** What the bucket holds now: what was left, what flowed in since, never more than a sixth of a minute's worth. */
function bucket(ratePerMinute: number, unused: number): Record<string, unknown> {
  const size = Math.max(1, ratePerMinute / 6);
  const since = { $divide: [{ $subtract: ["$$NOW", { $ifNull: ["$refilledAt", "$$NOW"] }] }, 60_000] };
  const left = { $add: [{ $ifNull: ["$tokens", size] }, unused, { $multiply: [since, ratePerMinute] }] };
  return { $min: [size, left] };
}

/** Takes permission for up to `want` more jobs. @returns for how many. */
export async function takeSlots(request: SlotRequest): Promise<number> {
  const { slot, holder, held, want, maxRunning, ratePerMinute, unused } = request;
  const slots = await slotsCollection();
  const free =
    maxRunning === null ? want : { $max: [0, { $subtract: [maxRunning - held, { $sum: "$leases.count" }] }] };
  const tokens = ratePerMinute === null ? want : { $floor: "$tokens" };
  const row = await slots.findOneAndUpdate(
    { _id: slot },
    [
      {
        $set: {
          leases: others(holder),
          ...(ratePerMinute === null ? {} : { tokens: bucket(ratePerMinute, unused), refilledAt: "$$NOW" }),
        },
      },
      { $set: { granted: { $max: [0, { $min: [want, free, tokens] }] } } },
      {
        $set: {
          leases: { $concatArrays: ["$leases", mine(holder, { $add: ["$granted", held] })] },
          ...(ratePerMinute === null ? {} : { tokens: { $subtract: ["$tokens", "$granted"] } }),
        },
      },
    ],
    { upsert: true, returnDocument: "after", projection: { granted: 1 } },
  );
  return row?.granted ?? 0;
}

/** Says how many this runner still holds of some slots, and renews its leases on them; 0 gives them up. */
export async function keepSlots(holder: string, held: ReadonlyMap<string, number>): Promise<void> {
  if (held.size === 0) return;
  const slots = await slotsCollection();
  await slots.bulkWrite(
    [...held].map(([slot, count]) => ({
      updateOne: {
        filter: { _id: slot },
        update: [
          {
            $set: {
              leases: count === 0 ? others(holder) : { $concatArrays: [others(holder), mine(holder, count)] },
            },
          },
        ],
      },
    })),
    { ordered: false },
  );
}
