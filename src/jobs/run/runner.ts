import { randomUUID } from "node:crypto";
import { hostname } from "node:os";
import { refreshClock } from "../../lib/clock/clock";
import { AppError } from "../../lib/errors/app.error";
import { failpoint } from "../../lib/failpoint/failpoint";
import { type Logger, rootLogger } from "../../lib/log/logger";
import type { ClaimedJob } from "../queue/claim";
import { complete } from "../queue/complete";
import { giveBack } from "../queue/give.back";
import { RetryLater } from "../queue/job.errors";
import type { JobHandlers } from "../queue/job.handler";
import { stackTimeNow } from "../queue/server.time";
import type { DrainOptions, DrainReport } from "./drain.options";
import { Hand, type HeldJob, JobStopped, type StopReason } from "./hand";
import { Heart } from "./heart";
import { Pace } from "./pace";
import { Quota } from "./quota";
import { ParkJob, runJob } from "./run.job";
import { type Outcome, settleFailure, tenantRestMs } from "./settle";
import { Settler } from "./settler";
import { closeGate, enterGate, gateIsClosedFor, leaveGate, reopenGate } from "./solo.gate";
import type { Tally } from "./tally";
import { Turns } from "./turns";
import type { Upkeep } from "./upkeep";

const defaultReserveMs = 10_000;
/** What the last writes may take. */
const flushMs = 1_500;
const defaultGraceMs = 5_000;
/** A claimed job waits in hand at most about this long, so that other runners get their part. */
const prefetchMs = 250;
/** One tenant's turn takes about this long, between so few and so many jobs. */
const turnMs = 50;
const leastInTurn = 4;
const mostInTurn = 20;
const mostAtOnce = 50;
/** Of quick jobs one batch runs while the next is claimed. */
const mostInHand = 2 * mostAtOnce;
/** With so many finished jobs whose ends are not written yet it starts no more: a crash would run them all again. */
const mostUnwritten = mostAtOnce;
const shortestWaitMs = 20;
const longestWaitMs = 500;
const claimTries = 4;

/** What a runner needs beside its drain's options. */
export interface RunnerOptions extends DrainOptions {
  readonly handlers: JobHandlers;
  /** False: claims only what starts at once. */
  readonly prefetch: boolean;
}

/** What a claim brought; `none`: and there is nothing else that may run now. */
interface Claimed {
  readonly found: number;
  readonly none: boolean;
}

/** Made only when there is something to say: a child logger costs more than a quick job. */
function loggerOf(job: ClaimedJob): Logger {
  const { requestId, clientCode } = job;
  return rootLogger().child({ requestId, clientCode, jobId: job.id.toHexString(), jobType: job.type });
}

/**
 * One loop over some queues: takes work tenant by tenant, keeps its leases alive, settles every outcome under the
 * fence, and at its end holds nothing.
 */
export class Runner {
  private readonly workerId: string;
  private readonly quota: Quota;
  private readonly hand: Hand;
  private readonly settler = new Settler();
  private readonly heart: Heart;
  private readonly turns: Turns;
  private readonly pace: Pace;
  private readonly stopped = new Map<HeldJob, StopReason>();
  /** Running mean of a handler's time; nothing is prefetched before it is known. */
  private meanMs = Number.POSITIVE_INFINITY;

  private failedClaims = 0;
  /** Nothing more to do, as of its last look. */
  idle = false;

  constructor(
    private readonly options: RunnerOptions,
    private readonly report: DrainReport,
    private readonly upkeep: Upkeep,
    private readonly tally: Tally,
  ) {
    const serves = options.serves ?? (() => true);
    this.workerId = options.workerId ?? `${hostname()}:${process.pid}:${randomUUID().slice(0, 8)}`;
    this.quota = new Quota(this.workerId);
    this.hand = new Hand(this.quota);
    this.heart = new Heart(this.hand, (held, reason) => this.stop(held, reason));
    this.turns = new Turns(options.queues, this.workerId, this.quota, serves);
    this.pace = new Pace(options.queues, serves, this.turns.lookAgain);
  }

  async run(): Promise<void> {
    const { signal } = this.options;
    await refreshClock();
    signal?.addEventListener("abort", this.pace.wake);
    this.heart.start();
    enterGate(this.hand);
    try {
      await this.work();
    } finally {
      // From here on new work is somebody else's: the poller is nudged again.
      this.pace.close();
      await this.finish().finally(() => this.leave());
    }
  }

  private async leave(): Promise<void> {
    leaveGate(this.hand);
    this.options.signal?.removeEventListener("abort", this.pace.wake);
    await this.heart.end();
    await this.quota.end();
  }

  private mustStop(): boolean {
    const { signal, deadline, reserveMs = defaultReserveMs } = this.options;
    return signal?.aborted === true || (deadline !== undefined && deadline() <= reserveMs);
  }

  /** Claims and starts until it must stop, or until there was nothing for long enough. */
  private async work(): Promise<void> {
    let idleSince = performance.now();
    let waitMs = shortestWaitMs;
    let first = true;
    while (!this.mustStop()) {
      if ((await this.upkeep.tick(first)) > 0) this.turns.lookAgain();
      first = false;
      const { found, none } = await this.claimPatiently();
      this.startReady();
      await this.startSuspect();
      if (found > 0 || this.hand.size > 0) {
        idleSince = performance.now();
        waitMs = shortestWaitMs;
      } else if (
        none &&
        performance.now() - idleSince >= (this.options.untilIdleMs ?? Number.POSITIVE_INFINITY)
      ) {
        if ((await this.upkeep.tick(true)) > 0) continue;
        this.idle = true;
        return;
      }
      if (found === 0) {
        await this.pace.wait(this.options.untilIdleMs === 0 ? shortestWaitMs : waitMs);
        waitMs = Math.min(longestWaitMs, waitMs * 2);
      }
    }
  }

  /** How many jobs it wants in hand: as many as run at once, and of quick ones some more. */
  private wanted(): number {
    const { concurrency } = this.options;
    if (!this.options.prefetch) return concurrency;
    return Math.max(concurrency, Math.min(mostInHand, this.within(prefetchMs)));
  }

  /** About how many jobs it can run within so many ms. */
  private within(ms: number): number {
    return Math.floor((this.options.concurrency * ms) / Math.max(1, this.meanMs));
  }

  /** What one tenant leaves to the others while they have work, however long its jobs take. */
  private reserve(): number {
    return Math.floor(this.options.concurrency / 4);
  }

  /** A central database that does not answer for a moment is waited for; a short run gives up after a few tries. */
  private async claimPatiently(): Promise<Claimed> {
    try {
      await this.quota.tell();
      const claimed = await this.claimMore();
      this.failedClaims = 0;
      return claimed;
    } catch (error) {
      const { deadline, untilIdleMs } = this.options;
      this.failedClaims += 1;
      const short = deadline !== undefined || untilIdleMs !== undefined;
      if (short && this.failedClaims >= claimTries) throw error;
      rootLogger().warn("Jobs could not be claimed; trying again.", { failures: this.failedClaims }, error);
      await this.pace.wait(longestWaitMs);
      return { found: 0, none: false };
    }
  }

  private async claimMore(): Promise<Claimed> {
    const wanted = this.wanted();
    const room = wanted - this.hand.running - this.hand.readyCount;
    // Quick jobs: claim in batches, when half of what is in hand is used up.
    if (this.hand.hasSuspects || gateIsClosedFor(this.hand)) return { found: 0, none: false };
    if (this.hand.size === 0) this.turns.lookAgain();
    if (room <= 0 || (room < wanted / 2 && this.hand.readyCount > 0)) return { found: 0, none: false };
    const { jobs, none } = await this.turns.take({
      want: Math.min(room, mostAtOnce),
      capacity: wanted,
      reserve: this.reserve(),
      quantum: Math.max(leastInTurn, Math.min(mostInTurn, this.within(turnMs))),
    });
    if (jobs.length > 0) failpoint("after-claim");
    this.hand.take(jobs);
    return { found: jobs.length, none };
  }

  private startReady(): void {
    if (gateIsClosedFor(this.hand)) return;
    while (this.hand.running < this.options.concurrency && this.hand.unwritten < mostUnwritten) {
      const held = this.hand.start(this.options.concurrency - this.reserve());
      if (!held) return;
      this.report.ran += 1;
      void this.runOne(held);
    }
  }

  /** A job in its last chance runs when nothing else is held in this process; further ones go back for their turn. */
  private async startSuspect(): Promise<void> {
    if (!this.hand.hasSuspects || !closeGate(this.hand) || !this.hand.onlySuspects) return;
    const { one, others } = this.hand.singleOut();
    await giveBack(others.map(({ job }) => job));
    if (!one) return;
    this.report.ran += 1;
    void this.runOne(one).finally(() => reopenGate(this.hand));
  }

  /** From the handler's start to the write that ends the hold. Never rejects. */
  private async runOne(held: HeldJob): Promise<void> {
    const { job, abort } = held;
    const began = performance.now();
    const lagMs = stackTimeNow().getTime() - job.runAt.getTime();
    let outcome: Outcome = "lost";
    let waits = false;
    try {
      try {
        if (this.turns.isTypePaused(job.type)) throw new ParkJob("Its type is paused.");
        const { result, completed } = await runJob(job, abort.signal, {
          handlers: this.options.handlers,
          dispatch: this.options.dispatch,
        });
        this.finished(held, began);
        // Marked done by its handler: this only looks at its line once more, as after every end of a head.
        if (completed) await complete([{ job }]);
        else await this.settler.done({ job, ...(result ? { result } : {}) }, () => !this.isLost(held));
        outcome = !completed && this.isLost(held) ? "lost" : "done";
      } catch (error) {
        this.finished(held, began);
        if (error instanceof AppError && error.code === "client-suspended")
          this.turns.rest(job.clientCode, tenantRestMs);
        waits = error instanceof RetryLater;
        outcome = await settleFailure(job, error, this.stopped.get(held), loggerOf(job));
      }
    } catch (error) {
      loggerOf(job).error(
        "What became of the job could not be written; its lease runs out and it is tried again.",
        {},
        error,
      );
    }
    this.report[outcome] += 1;
    this.tally.count({ job, outcome, lagMs, waits });
    this.hand.drop(held);
    this.stopped.delete(held);
    this.startReady();
    this.pace.wake();
  }

  private finished(held: HeldJob, began: number): void {
    const took = performance.now() - began;
    this.meanMs = Number.isFinite(this.meanMs) ? this.meanMs * 0.9 + took * 0.1 : took;
    this.hand.finish(held);
    this.startReady();
    this.pace.wake();
  }

  private isLost(held: HeldJob): boolean {
    return this.stopped.get(held) === "lost";
  }

  private stop(held: HeldJob, reason: StopReason): void {
    if (this.stopped.has(held)) return;
    this.stopped.set(held, reason);
    held.abort.abort(new JobStopped(reason));
    // One that has not started has nobody to tell; it is simply not ours any more.
    if (held.phase === "ready" && reason !== "stopping") {
      this.hand.drop(held);
      this.report.lost += 1;
    }
  }

  /** Gives back what has not started, lets the rest finish while there is time, and gives back what does not. */
  private async finish(): Promise<void> {
    const unstarted = this.hand.all().filter(({ phase }) => phase === "ready");
    for (const held of unstarted) this.hand.drop(held);
    this.report["given-back"] += await giveBack(unstarted.map(({ job }) => job));

    const left = (this.options.deadline?.() ?? Number.POSITIVE_INFINITY) - 2 * flushMs;
    await this.untilEmpty(Math.min(this.options.graceMs ?? defaultGraceMs, left));
    for (const held of this.hand.all()) if (held.phase === "running") this.stop(held, "stopping");
    await this.untilEmpty(flushMs);
    const stuck = this.hand.all().filter(({ phase }) => phase === "running");
    for (const held of stuck) this.hand.drop(held);
    this.report["given-back"] += await giveBack(stuck.map(({ job }) => job));
  }

  private async untilEmpty(ms: number): Promise<void> {
    const end = performance.now() + ms;
    while (this.hand.size > 0 && performance.now() < end)
      await this.pace.wait(Math.min(50, end - performance.now()));
  }
}
