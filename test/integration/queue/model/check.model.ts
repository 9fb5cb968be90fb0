import { jobsCollection } from "../../../../src/jobs/queue/jobs.collection";
import { promoteDue } from "../../../../src/jobs/queue/promote";
import { reapExpired } from "../../../../src/jobs/queue/reap";
import { releaseOrphans } from "../../../../src/jobs/queue/release";
import type { JobRecord } from "../../../../src/model/clients/job.schema";
import { ModelLane } from "./model.lane";

export interface ModelPlan {
  readonly firstSeed: number;
  /** How many runs: each has the next seed and a tenant of its own. */
  readonly runs: number;
  /** How many things happen in each. */
  readonly steps: number;
  /** How many runs go on side by side. */
  readonly lanes?: number;
}

/** What happens to the whole queue, after every so many steps of each run. */
const reapEvery = 3;
const promoteEvery = 4;
const farAway = () => new Date(Date.now() + 3_600_000);

class Failure extends Error {
  override readonly name = "ModelFailure";

  constructor(lane: ModelLane, steps: number, cause: unknown) {
    const what = cause instanceof Error ? cause.message : String(cause);
    super(
      `seed ${lane.seed}, after ${lane.story.join(" > ")}: ${what}\nAgain: checkModel({ firstSeed: ${lane.seed}, runs: 1, steps: ${steps} })`,
      { cause },
    );
  }
}

/** Does one thing in every lane at once; a failure names the lane's seed and what happened in it. */
async function inAll(
  lanes: readonly ModelLane[],
  steps: number,
  act: (lane: ModelLane) => unknown,
): Promise<void> {
  const outcomes = await Promise.allSettled(lanes.map(async (lane) => act(lane)));
  for (const [place, outcome] of outcomes.entries()) {
    const lane = lanes[place];
    if (outcome.status === "rejected" && lane) throw new Failure(lane, steps, outcome.reason);
  }
}

async function compare(lanes: readonly ModelLane[], steps: number): Promise<void> {
  const jobs = await jobsCollection();
  const rows = await jobs.find({ clientCode: { $in: lanes.map(({ clientCode }) => clientCode) } }).toArray();
  const byTenant = new Map<string, JobRecord[]>();
  for (const row of rows) byTenant.set(row.clientCode, [...(byTenant.get(row.clientCode) ?? []), row]);
  await inAll(lanes, steps, (lane) => lane.check(byTenant.get(lane.clientCode) ?? []));
}

/** Nobody names what a reap or a promotion found, so its count is compared over all lanes. */
function expectCount(what: string, lanes: readonly ModelLane[], counted: number, expected: number[]): void {
  const sum = expected.reduce((total, count) => total + count, 0);
  if (counted !== sum)
    throw new Error(
      `${what}: ${counted} jobs, the model says ${sum} (seeds ${lanes[0]?.seed} to ${lanes.at(-1)?.seed})`,
    );
}

async function reap(lanes: readonly ModelLane[]): Promise<void> {
  const reaped = await reapExpired();
  expectCount(
    "reap",
    lanes,
    reaped,
    lanes.map(({ model }) => model.reap()),
  );
  // A pause after a crash lasts until the test says otherwise.
  const jobs = await jobsCollection();
  await jobs.updateMany(
    { state: "scheduled", crashes: { $gt: 1 }, runAt: { $gt: new Date(1) } },
    { $set: { runAt: farAway() } },
  );
}

async function promote(lanes: readonly ModelLane[]): Promise<void> {
  const promoted = await promoteDue();
  expectCount(
    "promote",
    lanes,
    promoted,
    lanes.map(({ model }) => model.promote()),
  );
  expectCount("lines without a head", lanes, await releaseOrphans(), []);
}

async function runLanes(lanes: readonly ModelLane[], steps: number): Promise<void> {
  for (let step = 1; step <= steps; step++) {
    await inAll(lanes, steps, (lane) => lane.step());
    await compare(lanes, steps);
    if (step % reapEvery === 0) await reap(lanes);
    if (step % promoteEvery === 0) await promote(lanes);
    if (step % reapEvery === 0 || step % promoteEvery === 0) await compare(lanes, steps);
  }
  const most = Math.max(...lanes.map(({ model }) => model.jobs.length));
  for (let round = 0; lanes.some(({ unended }) => unended > 0); round++) {
    if (round > most) throw new Error(`Jobs of seeds from ${lanes[0]?.seed} on do not end.`);
    await inAll(lanes, steps, (lane) => lane.finishSome());
    await promote(lanes);
    await compare(lanes, steps);
  }
}

/**
 * Lets random things happen to the queue and compares it with a small model after each: on the real server, with the
 * queue's own statements. Needs the queue to itself.
 * @returns how many jobs there were.
 * @throws ModelFailure with the seed, what happened, and how to do it again.
 */
export async function checkModel({ firstSeed, runs, steps, lanes: side = 25 }: ModelPlan): Promise<number> {
  process.stdout.write(`Model of the queue: ${runs} runs of ${steps} steps from seed ${firstSeed} on.\n`);
  let count = 0;
  for (let done = 0; done < runs; done += side) {
    const lanes = Array.from(
      { length: Math.min(side, runs - done) },
      (_, place) => new ModelLane(firstSeed + done + place),
    );
    await runLanes(lanes, steps);
    count += lanes.reduce((sum, { model }) => sum + model.jobs.length, 0);
    await (await jobsCollection()).deleteMany({});
  }
  return count;
}
