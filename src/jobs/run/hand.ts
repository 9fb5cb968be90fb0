import { holdName } from "../queue/beat";
import type { ClaimedJob } from "../queue/claim";
import { maxCrashes } from "../queue/reap";

/** Why a job in hand was told to stop. */
export type StopReason = "lost" | "cancelled" | "stopping";

/** Thrown by `signal.throwIfAborted()` in a handler, and recognised when it comes out of one. */
export class JobStopped extends Error {
  override readonly name = "JobStopped";

  constructor(readonly reason: StopReason) {
    super(`The job was told to stop: ${reason}.`);
  }
}

/** A job that this runner holds, from its claim until the write that ends the hold. */
export interface HeldJob {
  readonly job: ClaimedJob;
  readonly abort: AbortController;
  /** `ready`: claimed, not started. `settling`: its handler is over, the write is under way. */
  phase: "ready" | "running" | "settling";
}

/** Told what becomes of the jobs in a hand. */
export interface HandWatcher {
  /** Its handler is over, or will not be started any more; what became of it is still to be written. */
  finished(job: ClaimedJob): void;
  /** It is not held any more. */
  released(job: ClaimedJob): void;
}

/** What one runner holds. Everything in it is beaten for; whatever it still holds at the end is given back. */
export class Hand {
  private readonly held = new Map<string, HeldJob>();
  private readonly ready: HeldJob[] = [];
  /** Suspects: started only when nothing else is held. */
  private readonly suspects: HeldJob[] = [];
  private runningCount = 0;
  private readonly runningOf = new Map<string, number>();

  constructor(private readonly watcher: HandWatcher) {}

  get size(): number {
    return this.held.size;
  }

  get running(): number {
    return this.runningCount;
  }

  get readyCount(): number {
    return this.ready.length;
  }

  /** Finished, and what became of them is not written yet. */
  get unwritten(): number {
    return this.held.size - this.runningCount - this.ready.length - this.suspects.length;
  }

  get hasSuspects(): boolean {
    return this.suspects.length > 0;
  }

  /** Nothing but suspects is held, and none of them runs. */
  get onlySuspects(): boolean {
    return this.suspects.length === this.held.size;
  }

  take(jobs: readonly ClaimedJob[]): void {
    for (const job of jobs) {
      const held: HeldJob = { job, abort: new AbortController(), phase: "ready" };
      this.held.set(holdName(job), held);
      (job.crashes >= maxCrashes - 1 ? this.suspects : this.ready).push(held);
    }
  }

  /** Takes one suspect to be started alone, and the others to be given back. */
  singleOut(): { one: HeldJob | undefined; others: HeldJob[] } {
    const [one, ...others] = this.suspects.splice(0);
    if (one) this.begin(one);
    for (const other of others) this.drop(other);
    return { one, others };
  }

  /**
   * The next job to start, marked as running. A tenant that runs `most` already is passed over while another's jobs
   * are ready, so that slow jobs of one never fill the runner.
   */
  start(most: number): HeldJob | undefined {
    const place = this.ready.findIndex(({ job }) => (this.runningOf.get(job.clientCode) ?? 0) < most);
    const [held] = this.ready.splice(Math.max(0, place), 1);
    if (held) this.begin(held);
    return held;
  }

  private begin(held: HeldJob): void {
    held.phase = "running";
    this.count(held, 1);
  }

  private count({ job }: HeldJob, change: 1 | -1): void {
    this.runningCount += change;
    this.runningOf.set(job.clientCode, (this.runningOf.get(job.clientCode) ?? 0) + change);
    if (this.runningOf.get(job.clientCode) === 0) this.runningOf.delete(job.clientCode);
  }

  /** Its handler is over. */
  finish(held: HeldJob): void {
    if (held.phase === "settling") return;
    if (held.phase === "running") this.count(held, -1);
    held.phase = "settling";
    this.watcher.finished(held.job);
  }

  /** Lets go of it: it is settled, given back, or somebody else's. */
  drop(held: HeldJob): void {
    this.finish(held);
    for (const list of [this.ready, this.suspects]) {
      const place = list.indexOf(held);
      if (place >= 0) list.splice(place, 1);
    }
    if (this.held.delete(holdName(held.job))) this.watcher.released(held.job);
  }

  all(): HeldJob[] {
    return [...this.held.values()];
  }

  tokens(): string[] {
    return [...new Set(this.all().map(({ job }) => job.token))];
  }
}
