import assert from "node:assert/strict";
import { Types } from "mongoose";
import { beat } from "../../../../src/jobs/queue/beat";
import { type Claim, type ClaimedJob, claim } from "../../../../src/jobs/queue/claim";
import { complete } from "../../../../src/jobs/queue/complete";
import { cancelJob, type Enqueued, enqueue } from "../../../../src/jobs/queue/enqueue";
import { die, retryLater } from "../../../../src/jobs/queue/fail";
import { giveBack } from "../../../../src/jobs/queue/give.back";
import { jobDefinition } from "../../../../src/jobs/queue/job.catalog";
import type { AnyNewJob } from "../../../../src/jobs/queue/job.draft";
import { jobsCollection } from "../../../../src/jobs/queue/jobs.collection";
import { reportProgress } from "../../../../src/jobs/queue/progress";
import type { JobRecord } from "../../../../src/model/clients/job.schema";
import { isUnended, type ModelJob, QueueModel } from "./queue.model";
import { SeededRandom } from "./seeded.random";

const hourMs = 3_600_000;
const failure = { code: "model", detail: "The model said so." };
const nameOf = ({ id, token }: ClaimedJob) => ({ id: id.toHexString(), token });

/**
 * One run of the model test: a tenant of its own, to whose jobs random things happen. Every step does the same to the
 * database and to the model; the answers must be alike, and after it the rows must be what the model says.
 */
export class ModelLane {
  readonly clientCode: string;
  readonly model = new QueueModel();
  /** What happened so far, for the message of a failure. */
  readonly story: string[] = [];
  private readonly random: SeededRandom;
  /** Every hold there ever was: old ones must never change anything. */
  private readonly holds: ClaimedJob[] = [];
  private readonly endedRows = new Map<string, string>();

  constructor(readonly seed: number) {
    this.clientCode = `m-${seed}`;
    this.random = new SeededRandom(seed);
  }

  private readonly steps: readonly (readonly [weight: number, name: string, step: () => Promise<void>])[] = [
    [24, "enqueue", () => this.enqueueOne()],
    [20, "claim", () => this.claimSome()],
    [6, "two claims at once", () => this.claimTwice()],
    [14, "complete", () => this.completeSome()],
    [8, "retry later", () => this.retryOne()],
    [4, "die", () => this.dieOne()],
    [5, "give back", () => this.giveBackSome()],
    [5, "beat", () => this.beatOne()],
    [2, "progress", () => this.progressOne()],
    [10, "lease runs out", () => this.expireOne()],
    [10, "time comes", () => this.comeDue()],
    [6, "cancel", () => this.cancelOne()],
    [4, "end a head while another gets in line", () => this.endWhileEnqueueing()],
    [3, "cancel while it is put back", () => this.cancelWhilePutBack()],
    [3, "two of one unique key at once", () => this.enqueueTwice()],
  ];

  /** Does one random thing. */
  async step(): Promise<void> {
    let left = this.random.below(this.steps.reduce((sum, [weight]) => sum + weight, 0));
    for (const [weight, name, step] of this.steps) {
      left -= weight;
      if (left >= 0) continue;
      this.story.push(name);
      return step();
    }
  }

  get unended(): number {
    return this.model.jobs.filter(isUnended).length;
  }

  /** Everything becomes due, and what waits is done; call it until nothing is left. */
  async finishSome(): Promise<void> {
    const jobs = await jobsCollection();
    await jobs.updateMany(
      { clientCode: this.clientCode, state: "scheduled" },
      { $set: { runAt: new Date(0) } },
    );
    for (const job of this.model.jobs) if (job.state === "scheduled") job.due = true;
    await this.claimUpTo(50);
    const live = this.holds.filter((hold) => this.model.isHeld(nameOf(hold)));
    await this.completeAll(live);
  }

  /** Compares the rows of this tenant with the model, and with what must hold whatever the model says. */
  check(rows: readonly JobRecord[]): void {
    assert.equal(rows.length, this.model.jobs.length, "no job is lost and none appears");
    const runningOf = new Map<string, number>();
    for (const row of rows) {
      const job = this.model.job(row._id.toHexString());
      const inLine = job.orderingKey !== undefined && !job.head && isUnended(job);
      assert.deepEqual(
        {
          state: row.state,
          attempts: row.attempts,
          crashes: row.crashes,
          token: row.token,
          head: row.head === true,
          blockedBy: row.blockedBy,
          isActive: row.activeKey !== undefined,
          cancelRequested: row.cancelRequestedAt !== undefined,
          isLeased: row.leaseUntil !== undefined,
        },
        {
          state: job.state,
          attempts: job.attempts,
          crashes: job.crashes,
          token: job.token,
          head: job.head,
          blockedBy: inLine ? "key" : null,
          isActive: job.activeKey !== undefined && isUnended(job),
          cancelRequested: job.cancelRequested,
          isLeased: job.state === "running",
        },
        `job ${job.id}`,
      );
      if (row.state === "running" && row.orderingKey !== undefined)
        runningOf.set(row.orderingKey, (runningOf.get(row.orderingKey) ?? 0) + 1);
      this.checkStaysEnded(row);
    }
    for (const [orderingKey, count] of runningOf)
      assert.equal(count, 1, `one job of ${orderingKey} runs at a time`);
  }

  private checkStaysEnded(row: JobRecord): void {
    if (row.finishedAt === undefined) return;
    const id = row._id.toHexString();
    const now = JSON.stringify(row);
    const before = this.endedRows.get(id) ?? now;
    assert.equal(now, before, "an ended job stays as it ended");
    this.endedRows.set(id, now);
  }

  private drawJob(): AnyNewJob {
    const { clientCode, random } = this;
    const key = random.chance(0.5) ? { key: `k${random.below(6)}` } : {};
    const order = random.chance(0.5)
      ? { orderingKey: `o${random.below(3)}` }
      : { priority: random.below(3) - 1 };
    const delay = random.chance(0.25) ? { delayMs: hourMs } : {};
    const common = { requestId: "model", ...key, ...order, ...delay };
    return random.chance(0.5)
      ? { type: "tenant.sweep", payload: { clientCode }, ...common }
      : {
          type: "automation.run",
          payload: { clientCode, runId: new Types.ObjectId().toHexString() },
          ...common,
        };
  }

  private async noteEnqueued(job: AnyNewJob, answer: Enqueued): Promise<void> {
    const there = job.key === undefined ? undefined : this.model.active(job.type, job.key);
    assert.equal(answer.created, there === undefined, "only a unique key that is taken coalesces");
    if (there) {
      assert.equal(answer.jobId, there.id, "the answer is the job that is there");
      return;
    }
    this.model.enqueue(answer.jobId, job, jobDefinition(job.type).maxAttempts);
    // Leases run out when the test says so.
    const jobs = await jobsCollection();
    await jobs.updateOne({ _id: new Types.ObjectId(answer.jobId) }, { $set: { leaseMs: hourMs } });
  }

  private async enqueueOne(): Promise<void> {
    const job = this.drawJob();
    await this.noteEnqueued(job, await enqueue(job));
  }

  private async enqueueTwice(): Promise<void> {
    const job = { ...this.drawJob(), key: "twice" };
    const both = await Promise.all([enqueue(job), enqueue(job)]);
    assert.equal(both[0].jobId, both[1].jobId, "two at once become one");
    const [first, second] = both.toSorted((a, b) => Number(b.created) - Number(a.created));
    if (first) await this.noteEnqueued(job, first);
    if (second) await this.noteEnqueued(job, second);
  }

  private ask(count: number): Promise<Claim> {
    return claim({ queue: "crm", clientCode: this.clientCode, count, workerId: "model" });
  }

  /** What a claim won must have been waiting, and of an ordering key the first that has not ended. */
  private noteClaimed(won: readonly ClaimedJob[]): void {
    for (const hold of won) {
      const job = this.model.job(hold.id.toHexString());
      assert.equal(job.state, "waiting", "only a waiting job is claimed, and by one claimer");
      if (job.orderingKey !== undefined)
        assert.equal(this.model.line(job.orderingKey)[0]?.id, job.id, "jobs of a key start in order");
      assert.ok(!this.holds.some(({ id, token }) => id.equals(hold.id) && token === hold.token));
      this.model.claimed(nameOf(hold));
      assert.equal(hold.attempt, job.attempts);
      this.holds.push(hold);
    }
  }

  private async claimUpTo(count: number): Promise<void> {
    const waiting = this.model.waiting();
    const { jobs, exhausted } = await this.ask(count);
    assert.equal(jobs.length, Math.min(count, waiting.length), "a claim alone gets all that it asks for");
    this.noteClaimed(jobs);
    const left = this.model.waiting().map(({ priority }) => priority);
    const lowest = Math.min(...jobs.map(({ id }) => this.model.job(id.toHexString()).priority));
    assert.ok(
      left.every((priority) => priority <= lowest),
      "the best come first",
    );
    if (exhausted) assert.equal(left.length, 0, "an exhausted tenant has nothing waiting");
  }

  private claimSome(): Promise<void> {
    return this.claimUpTo(1 + this.random.below(4));
  }

  private async claimTwice(): Promise<void> {
    const waiting = this.model.waiting().length;
    const both = await Promise.all([this.ask(1 + this.random.below(3)), this.ask(2)]);
    const won = both.flatMap(({ jobs }) => jobs);
    this.noteClaimed(won);
    assert.ok(waiting === 0 || won.length > 0, "of two claims at once one wins something");
  }

  /** Some hold: more often one that is still held. */
  private drawHold(): ClaimedJob | undefined {
    const live = this.holds.filter((hold) => this.model.isHeld(nameOf(hold)));
    return this.random.pick(this.random.chance(0.75) && live.length > 0 ? live : this.holds);
  }

  private drawHolds(): ClaimedJob[] {
    const drawn = Array.from({ length: 1 + this.random.below(3) }, () => this.drawHold());
    return [...new Set(drawn.filter((hold) => hold !== undefined))];
  }

  private heldBy(hold: ClaimedJob): ModelJob | undefined {
    return this.model.isHeld(nameOf(hold)) ? this.model.job(hold.id.toHexString()) : undefined;
  }

  private async completeAll(holds: readonly ClaimedJob[]): Promise<void> {
    if (holds.length === 0) return;
    const result = this.random.chance(0.5) ? { count: this.random.below(100) } : undefined;
    const count = await complete(holds.map((job) => ({ job, ...(result ? { result } : {}) })));
    const ours = holds.map((hold) => this.heldBy(hold)).filter((job) => job !== undefined);
    assert.equal(count, ours.length, "a completion counts what was still held");
    for (const job of ours) this.model.end(job, "done");
  }

  private completeSome(): Promise<void> {
    return this.completeAll(this.drawHolds());
  }

  private async retryOne(): Promise<void> {
    const hold = this.drawHold();
    if (!hold) return;
    const countsAttempt = this.random.chance(0.7);
    const answer = await retryLater(hold, failure, { delayMs: hourMs, countsAttempt });
    const job = this.heldBy(hold);
    assert.equal(answer, job !== undefined, "only the holder puts a job off");
    if (job) this.model.retry(job, countsAttempt);
  }

  private async dieOne(): Promise<void> {
    const hold = this.drawHold();
    if (!hold) return;
    const answer = await die(hold, failure);
    const job = this.heldBy(hold);
    assert.equal(answer, job !== undefined, "only the holder ends a job");
    if (job) this.model.end(job, "dead");
  }

  private async giveBackSome(): Promise<void> {
    const holds = this.drawHolds();
    const count = await giveBack(holds);
    const ours = holds.map((hold) => this.heldBy(hold)).filter((job) => job !== undefined);
    assert.equal(count, ours.length, "only the holder gives a job back");
    for (const job of ours) this.model.giveBack(job);
  }

  private async beatOne(): Promise<void> {
    const hold = this.drawHold();
    if (!hold) return;
    const ours = this.model.jobs.filter(({ token }) => token === hold.token);
    assert.equal(await beat([hold.token]), ours.length, "a beat renews what is held under its token");
    for (const job of ours) job.expired = false;
  }

  /** Shown by the comparison of ended rows: late progress must not touch them. */
  private async progressOne(): Promise<void> {
    const hold = this.drawHold();
    if (hold) await reportProgress(hold, this.random.next());
  }

  private async expireOne(): Promise<void> {
    const job = this.random.pick(this.model.jobs.filter(({ state }) => state === "running"));
    if (!job) return;
    const jobs = await jobsCollection();
    await jobs.updateOne({ _id: new Types.ObjectId(job.id) }, { $set: { leaseUntil: new Date(0) } });
    job.expired = true;
  }

  private async comeDue(): Promise<void> {
    const job = this.random.pick(this.model.jobs.filter(({ state, due }) => state === "scheduled" && !due));
    if (!job) return;
    const jobs = await jobsCollection();
    await jobs.updateOne({ _id: new Types.ObjectId(job.id) }, { $set: { runAt: new Date(0) } });
    job.due = true;
  }

  private cancelBy(activeKey: string): Promise<boolean> {
    const [type, key = ""] = activeKey.split(":");
    return cancelJob(this.clientCode, type === "tenant.sweep" ? type : "automation.run", key);
  }

  private async cancelOne(): Promise<void> {
    const job = this.random.pick(this.model.jobs.filter(({ activeKey }) => activeKey !== undefined));
    if (job?.activeKey === undefined) return;
    const [type = "", key = ""] = job.activeKey.split(":");
    const active = this.model.active(type, key);
    assert.equal(await this.cancelBy(job.activeKey), active !== undefined, "what has not ended is cancelled");
    if (active) this.model.cancel(active);
  }

  /** The head of a line ends while a job gets in line behind it: whichever is first, the line goes on. */
  private async endWhileEnqueueing(): Promise<void> {
    const hold = this.random.pick(
      this.holds.filter((one) => one.orderingKey !== undefined && this.model.isHeld(nameOf(one))),
    );
    if (hold?.orderingKey === undefined) return;
    const { clientCode } = this;
    const next: AnyNewJob = {
      type: "tenant.sweep",
      payload: { clientCode },
      requestId: "model",
      orderingKey: hold.orderingKey,
    };
    const [answer, count] = await Promise.all([enqueue(next), complete([{ job: hold }])]);
    assert.equal(count, 1);
    await this.noteEnqueued(next, answer);
    this.model.end(this.model.job(hold.id.toHexString()), "done");
  }

  /** A cancellation that meets the moment in which its job is put off or given back is not lost. */
  private async cancelWhilePutBack(): Promise<void> {
    const hold = this.random.pick(
      this.holds.filter((one) => {
        const held = this.heldBy(one);
        return held?.activeKey !== undefined && !held.cancelRequested;
      }),
    );
    const job = hold && this.heldBy(hold);
    if (!hold || job?.activeKey === undefined) return;
    const putOff = this.random.chance(0.5);
    const putBack = putOff
      ? retryLater(hold, failure, { delayMs: hourMs, countsAttempt: true })
      : giveBack([hold]);
    const [answer] = await Promise.all([this.cancelBy(job.activeKey), putBack]);
    assert.equal(answer, true, "the job had not ended, so it can be cancelled");
    if (putOff) {
      this.model.end(job, "cancelled");
      return;
    }
    // Asked for first, it is waiting and still to be cancelled; given back first, it has ended.
    const row = await (await jobsCollection()).findOne({ _id: hold.id });
    if (row?.state === "waiting") this.model.cancel(job);
    this.model.giveBack(job);
    if (row?.state !== "waiting") this.model.end(job, "cancelled");
  }
}
