import { holdName } from "../queue/beat";
import type { ClaimedJob } from "../queue/claim";

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

/** What one runner holds. Everything in it is beaten for; whatever it still holds at the end is given back. */
export class Hand {
  private readonly held = new Map<string, HeldJob>();
  private readonly ready: HeldJob[] = [];
  private runningCount = 0;

  get size(): number {
    return this.held.size;
  }

  get running(): number {
    return this.runningCount;
  }

  get readyCount(): number {
    return this.ready.length;
  }

  take(jobs: readonly ClaimedJob[]): void {
    for (const job of jobs) {
      const held: HeldJob = { job, abort: new AbortController(), phase: "ready" };
      this.held.set(holdName(job), held);
      this.ready.push(held);
    }
  }

  /** The next job to start, marked as running. */
  start(): HeldJob | undefined {
    const held = this.ready.shift();
    if (!held) return undefined;
    held.phase = "running";
    this.runningCount += 1;
    return held;
  }

  /** Its handler is over. */
  finish(held: HeldJob): void {
    if (held.phase === "running") this.runningCount -= 1;
    held.phase = "settling";
  }

  /** Lets go of it: it is settled, given back, or somebody else's. */
  drop(held: HeldJob): void {
    this.finish(held);
    const place = this.ready.indexOf(held);
    if (place >= 0) this.ready.splice(place, 1);
    this.held.delete(holdName(held.job));
  }

  /** How many jobs of a tenant are held, of one queue. */
  heldOf(queue: string, clientCode: string): number {
    let count = 0;
    for (const { job } of this.held.values())
      if (job.queue === queue && job.clientCode === clientCode) count += 1;
    return count;
  }

  all(): HeldJob[] {
    return [...this.held.values()];
  }

  tokens(): string[] {
    return [...new Set(this.all().map(({ job }) => job.token))];
  }
}
