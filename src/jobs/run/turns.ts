import { type ClaimedJob, claim } from "../queue/claim";
import type { QueueName } from "../queue/job.catalog";
import { readSteering, type Steering } from "../queue/steering";
import { suspendedAmong, tenantsWithWork } from "../queue/tenants.with.work";
import type { Quota } from "./quota";

/** Who has work is looked up at most this often, unless somebody says that there is more. */
const lookEveryMs = 250;
/** Jobs of one tenant in one turn at least, so that a tenant with thousands delays another by a few. */
const quantum = 4;
/** Claims of different tenants do not meet, so some run at once. */
const claimsAtOnce = 4;
/** What admins decide is felt within this time. */
const steeringMs = 1_000;

interface Turn {
  readonly queue: QueueName;
  readonly clientCode: string;
}

const nameOf = ({ queue, clientCode }: Turn): string => `${queue}:${clientCode}`;

/** Takes work tenant by tenant (deficit round robin), so that nobody waits behind somebody else's backlog. */
export class Turns {
  private ring: Turn[] = [];
  private lookedAt = Number.NEGATIVE_INFINITY;
  /** Of every tenant with work: how many jobs it may still take in this round. Kept, so that weights add up over time. */
  private credits = new Map<string, number>();
  private steering: Steering | undefined;
  private steeredAt = Number.NEGATIVE_INFINITY;
  private readonly resting = new Map<string, number>();

  constructor(
    private readonly queues: readonly QueueName[],
    private readonly workerId: string,
    private readonly quota: Quota,
    private readonly serves: (clientCode: string) => boolean,
  ) {}

  /** There is new work: look again at the next take. */
  readonly lookAgain = (): void => {
    this.lookedAt = Number.NEGATIVE_INFINITY;
  };

  /** Leaves a tenant out for a while: its jobs cannot run now. */
  rest(clientCode: string, ms: number): void {
    this.resting.set(clientCode, performance.now() + ms);
    this.ring = this.ring.filter((turn) => turn.clientCode !== clientCode);
  }

  /**
   * Claims up to `want` jobs, in turns.
   * @param capacity how many this runner may hold at all.
   * @param reserve how many of those one tenant leaves to the others while they have work too.
   * @returns the jobs, and whether the look at who has work was a fresh one: nothing then means that nobody had any.
   */
  async take(
    want: number,
    capacity: number,
    reserve: number,
  ): Promise<{ jobs: ClaimedJob[]; fresh: boolean }> {
    let fresh = false;
    const jobs: ClaimedJob[] = [];
    while (jobs.length < want) {
      if (this.ring.length === 0) {
        if (fresh || performance.now() - this.lookedAt < lookEveryMs) break;
        await this.look();
        fresh = true;
        if (this.ring.length === 0) break;
      }
      jobs.push(...(await this.round(want - jobs.length, capacity, reserve)));
    }
    return { jobs, fresh };
  }

  private async look(): Promise<void> {
    this.lookedAt = performance.now();
    const steering = await this.steer();
    const found: Turn[] = [];
    for (const queue of this.queues.filter((name) => !steering.isPaused(`queue:${name}`)))
      for (const clientCode of await tenantsWithWork(queue))
        if (this.serves(clientCode)) found.push({ queue, clientCode });
    const suspended = await suspendedAmong([...new Set(found.map(({ clientCode }) => clientCode))]);
    const able = found.filter(
      ({ clientCode }) =>
        !suspended.has(clientCode) &&
        !this.isResting(clientCode) &&
        !steering.isPaused(`tenant:${clientCode}`),
    );
    // Runners begin at different places, so that they seldom meet at one tenant; whoever was cut short goes on first.
    const offset = Math.floor(Math.random() * able.length);
    const ring = [...able.slice(offset), ...able.slice(0, offset)];
    this.credits = new Map(ring.map((turn) => [nameOf(turn), this.credits.get(nameOf(turn)) ?? 0]));
    this.ring = [
      ...ring.filter((turn) => this.creditOf(turn) > 0),
      ...ring.filter((turn) => this.creditOf(turn) <= 0),
    ];
  }

  private creditOf(turn: Turn): number {
    return this.credits.get(nameOf(turn)) ?? 0;
  }

  /** What admins decided, as of a second ago at most. */
  private async steer(): Promise<Steering> {
    if (!this.steering || performance.now() - this.steeredAt >= steeringMs) {
      this.steering = await readSteering();
      this.steeredAt = performance.now();
    }
    return this.steering;
  }

  isTypePaused(type: string): boolean {
    return this.steering?.isPaused(`type:${type}`) ?? false;
  }

  private isResting(clientCode: string): boolean {
    const until = this.resting.get(clientCode);
    if (until === undefined) return false;
    if (until > performance.now()) return true;
    this.resting.delete(clientCode);
    return false;
  }

  /** The next few tenants' turns, side by side. */
  private async round(want: number, capacity: number, reserve: number): Promise<ClaimedJob[]> {
    const steering = await this.steer();
    // Not by the ring: a tenant that has its part of this runner is out of it for a moment and still has work.
    const alone = this.credits.size === 1;
    // The same for everybody in a round, whatever room is left: else whoever comes first would get more.
    const share = Math.max(quantum, Math.ceil(capacity / this.credits.size));
    const most = alone ? capacity : Math.max(1, capacity - reserve);
    const claims: Promise<ClaimedJob[]>[] = [];
    let left = want;
    for (const turn of this.ring.splice(0, claimsAtOnce)) {
      if (left <= 0) {
        this.ring.unshift(turn);
        continue;
      }
      const name = nameOf(turn);
      if (this.creditOf(turn) <= 0)
        this.credits.set(name, Math.max(1, share * steering.limitsOf(turn.clientCode).weight));
      const room = most - this.quota.held(turn.queue, turn.clientCode);
      const count = Math.min(left, alone ? left : Math.ceil(this.creditOf(turn)), room);
      // Its part of this runner is in use: it comes round again when who has work is looked up.
      if (count <= 0) continue;
      left -= count;
      claims.push(this.claimFor(turn, count, steering));
    }
    return (await Promise.all(claims)).flat();
  }

  private async claimFor(turn: Turn, count: number, steering: Steering): Promise<ClaimedJob[]> {
    const { queue, clientCode } = turn;
    const allowed = await this.quota.allow(queue, clientCode, count, steering);
    if (allowed === 0) return [];
    const { jobs, exhausted } = await claim({ queue, clientCode, count: allowed, workerId: this.workerId });
    this.quota.claimed(queue, clientCode, allowed, jobs.length);
    if (exhausted) this.credits.delete(nameOf(turn));
    else this.credits.set(nameOf(turn), Math.max(0, this.creditOf(turn) - jobs.length));
    if (!exhausted && allowed === count) {
      // A turn that was cut short by the runner's room goes on first; a used up one goes to the end.
      if (this.creditOf(turn) > 0) this.ring.unshift(turn);
      else this.ring.push(turn);
    }
    return jobs;
  }
}
