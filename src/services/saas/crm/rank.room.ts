/**
 * Room between two neighbours of a column whose ranks have grown long: the leads around the place are spread anew.
 * Nobody's place among others changes by it, so it is no change of those leads: their versions stay, no event tells of
 * it. Changes of a tenant that overlap meet in the event counter and the later one is done again, so that no lead can
 * come in between meanwhile.
 */
import { type Types, trusted } from "mongoose";
import { rankBetween, ranksBetween } from "../../../lib/rank/rank";
import type { Change } from "../../../lib/tenant/commit.change";

/** The place between two neighbours; null is an end of the column. */
export interface Gap {
  readonly stageId: Types.ObjectId;
  readonly lower: string | null;
  readonly upper: string | null;
}

/** How many leads of each side are spread, and how long their ranks may be then. */
interface Width {
  readonly each: number;
  readonly longest: number;
}

/**
 * The more leads, the shorter their ranks must become: then a wide spread is needed only after many moves into the
 * narrow ones within it. Of moves into one gap, dropped at the worst place each, a narrow one is enough for thousands.
 */
const widths: readonly Width[] = [
  { each: 16, longest: 20 },
  { each: 64, longest: 18 },
  { each: 256, longest: 16 },
  { each: 1_024, longest: 14 },
];
/** Where all around is crowded: enough for now; the job spreads wider. */
const lastResort: Width = { each: 1_024, longest: 20 };
/** A lead that stands in a column, or stood in one and is about to leave it. */
export interface Standing {
  readonly _id: Types.ObjectId;
  readonly rank: string | null;
}

/** Free ranks in a gap, and whether the column needs a wider spread soon. */
export interface Room {
  readonly ranks: readonly string[];
  readonly crowded: boolean;
}

/**
 * Makes room for `count` leads by spreading at most 2,048 others; null when even that gives none.
 * @param moving a lead that is about to leave its place: it is not spread, and its rank is given to nobody before.
 */
export async function makeRoom(
  change: Change,
  gap: Gap,
  { count, moving }: { count: number; moving: Standing | null },
): Promise<Room | null> {
  for (const width of [...widths, lastResort]) {
    const ranks = await spreadAround(change, gap, width, { count, moving });
    if (ranks) return { ranks, crowded: width === lastResort };
  }
  return null;
}

type Neighbour = Standing & { readonly rank: string };

async function spreadAround(
  change: Change,
  gap: Gap,
  { each, longest }: Width,
  { count, moving }: { count: number; moving: Standing | null },
): Promise<string[] | null> {
  const before = await standing(change, gap, { side: -1, moving, limit: each + 1 });
  const after = await standing(change, gap, { side: 1, moving, limit: each + 1 });
  const inside = [...before.slice(0, each).reverse(), ...after.slice(0, each)];
  const ranks = ranksBetween(edge(before, each, -1), edge(after, each, 1), {
    count: inside.length + count,
    longest,
    taken: new Set([...inside, ...(moving ? [moving] : [])].flatMap(({ rank }) => rank ?? [])),
  });
  if (!ranks) return null;
  const free = ranks.splice(Math.min(each, before.length), count);
  const moved = inside.flatMap(({ _id, rank }, index) => {
    const next = ranks[index];
    return next === undefined || next === rank ? [] : [{ _id, rank: next }];
  });
  if (moved.length > 0)
    await change.models.Lead.collection.bulkWrite(
      moved.map(({ _id, rank }) => ({ updateOne: { filter: { _id }, update: { $set: { rank } } } })),
      { session: change.session },
    );
  return free;
}

/** The rank that bounds the spread: of the first lead beyond it, or one step behind the last of the column. */
function edge(leads: readonly Neighbour[], each: number, side: 1 | -1): string | null {
  const beyond = leads[each];
  if (beyond) return beyond.rank;
  const last = leads.at(-1);
  if (!last) return null;
  return side === 1 ? rankBetween(last.rank, null) : rankBetween(null, last.rank);
}

/** The leads on one side of a gap, the nearest first. */
async function standing(
  { models, session }: Change,
  { stageId, lower, upper }: Gap,
  { side, moving, limit }: { side: 1 | -1; moving: Standing | null; limit: number },
): Promise<Neighbour[]> {
  const bound = side === 1 ? upper : lower;
  if (bound === null) return [];
  const leads = await models.Lead.find({
    stageId,
    deletedAt: null,
    rank: trusted(side === 1 ? { $gte: bound } : { $gt: "", $lte: bound }),
    ...(moving ? { _id: trusted({ $ne: moving._id }) } : {}),
  })
    .sort({ rank: side })
    .limit(limit)
    .select({ rank: 1 })
    .session(session)
    .lean();
  return leads.flatMap(({ _id, rank }) => (rank === null ? [] : [{ _id, rank }]));
}
