/**
 * The queue as a list in memory, for one tenant: what a job becomes by each statement, written as plainly as it can
 * be. The model test does the same things to it and to the database and compares.
 */
import type { NewJob } from "../../../../src/jobs/queue/job.draft";

export type ModelState = "scheduled" | "waiting" | "running" | "done" | "dead" | "cancelled";

export interface ModelJob {
  readonly id: string;
  readonly activeKey: string | undefined;
  readonly orderingKey: string | undefined;
  readonly priority: number;
  readonly maxAttempts: number;
  state: ModelState;
  /** Its time has come. */
  due: boolean;
  /** Its ordering key's first unended job. */
  head: boolean;
  attempts: number;
  crashes: number;
  token: string | undefined;
  /** Its lease ran out and nobody has taken it back yet. */
  expired: boolean;
  cancelRequested: boolean;
}

/** A job as somebody once claimed it. */
export interface Hold {
  readonly id: string;
  readonly token: string;
}

const maxCrashes = 3;
export const isUnended = ({ state }: ModelJob): boolean =>
  ["scheduled", "waiting", "running"].includes(state);

export class QueueModel {
  /** In the order of enqueueing. */
  readonly jobs: ModelJob[] = [];

  job(id: string): ModelJob {
    const found = this.jobs.find((job) => job.id === id);
    if (!found) throw new Error(`The model has no job ${id}.`);
    return found;
  }

  /** The unended job with this unique key. */
  active(type: string, key: string): ModelJob | undefined {
    return this.jobs.find((job) => job.activeKey === `${type}:${key}` && isUnended(job));
  }

  enqueue(id: string, job: NewJob, maxAttempts: number): void {
    const due = job.delayMs === undefined;
    const { orderingKey } = job;
    const inLine = orderingKey !== undefined && this.line(orderingKey).length > 0;
    this.jobs.push({
      id,
      activeKey: job.key === undefined ? undefined : `${job.type}:${job.key}`,
      orderingKey,
      priority: job.priority ?? 0,
      maxAttempts,
      state: due && !inLine ? "waiting" : "scheduled",
      due,
      head: orderingKey !== undefined && !inLine,
      attempts: 0,
      crashes: 0,
      token: undefined,
      expired: false,
      cancelRequested: false,
    });
  }

  /** Unended jobs of an ordering key, first come first. */
  line(orderingKey: string): ModelJob[] {
    return this.jobs.filter((job) => job.orderingKey === orderingKey && isUnended(job));
  }

  waiting(): ModelJob[] {
    return this.jobs.filter(({ state }) => state === "waiting");
  }

  isHeld({ id, token }: Hold): boolean {
    return this.job(id).token === token;
  }

  claimed({ id, token }: Hold): void {
    const job = this.job(id);
    job.state = "running";
    job.token = token;
    job.attempts += 1;
  }

  end(job: ModelJob, state: "done" | "dead" | "cancelled"): void {
    this.letGo(job, state);
    job.cancelRequested = false;
    job.head = false;
    const [next] = job.orderingKey === undefined ? [] : this.line(job.orderingKey);
    if (!next || next.head) return;
    next.head = true;
    if (next.due) next.state = "waiting";
  }

  retry(job: ModelJob, countsAttempt: boolean): void {
    if (job.cancelRequested) {
      this.end(job, "cancelled");
      return;
    }
    this.letGo(job, "scheduled");
    job.due = false;
    if (!countsAttempt) job.attempts -= 1;
  }

  giveBack(job: ModelJob): void {
    this.letGo(job, "waiting");
    job.attempts -= 1;
  }

  cancel(job: ModelJob): void {
    if (job.state === "running") job.cancelRequested = true;
    else this.end(job, "cancelled");
  }

  /** @returns how many were taken back. */
  reap(): number {
    const silent = this.jobs.filter(({ expired }) => expired);
    for (const job of silent) {
      job.crashes += 1;
      if (job.cancelRequested) this.end(job, "cancelled");
      else if (job.crashes >= maxCrashes || job.attempts >= job.maxAttempts) this.end(job, "dead");
      else if (job.crashes === 1) this.letGo(job, "waiting");
      else {
        this.letGo(job, "scheduled");
        job.due = false;
      }
    }
    return silent.length;
  }

  /** @returns how many became waiting. */
  promote(): number {
    const ready = this.jobs.filter(
      (job) => job.state === "scheduled" && job.due && (job.orderingKey === undefined || job.head),
    );
    for (const job of ready) job.state = "waiting";
    return ready.length;
  }

  private letGo(job: ModelJob, state: ModelState): void {
    job.state = state;
    job.token = undefined;
    job.expired = false;
  }
}
