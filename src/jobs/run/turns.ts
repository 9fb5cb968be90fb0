import { type ClaimedJob, claim } from "../queue/claim";
import type { QueueName } from "../queue/job.catalog";
import { readSteering, type Steering } from "../queue/steering";
import { suspendedAmong, tenantsWithWork } from "../queue/tenants.with.work";
import type { Quota } from "./quota";

/** Who has work is looked up this often; sooner only when nobody is left and somebody says that there is more. */
const lookEveryMs = 250;
/** Claims of different tenants do not meet, so some run at once. */
const claimsAtOnce = 4;
/** What admins decide is felt within this time. */
const steeringMs = 1_000;

/** How much one take may bring. */
export interface TakeLimits {
  /** Jobs in all. */
  readonly want: number;
  /** How many this runner may hold at all. */
  readonly capacity: number;
  /** How many of those one tenant leaves to the others while they have work too. */
  readonly reserve: number;
  /** Jobs of one tenant in one turn, so that a tenant with thousands delays another by a few. */
  readonly quantum: number;
}

/** A tenant with work in a queue. */
interface Turn {
  readonly queue: QueueName;
  readonly clientCode: string;
  /** Jobs it was given so far, by its weight: the least served is next. */
  served: number;
  /** Cannot take more now; it is asked again when who has work is looked up. */
  passed: boolean;
}

const nameOf = (queue: string, clientCode: string): string => `${queue}:${clientCode}`;

/** Takes work tenant by tenant, the least served by its weight first, so that nobody waits behind another's backlog. */
export class Turns {
  private turns = new Map<string, Turn>();
  private lookedAt = Number.NEGATIVE_INFINITY;
  private toldOfMore = true;
  private steering: Steering | undefined;
  private steeredAt = Number.NEGATIVE_INFINITY;
  private readonly resting = new Map<string, number>();

  constructor(
    private readonly queues: readonly QueueName[],
    private readonly workerId: string,
    private readonly quota: Quota,
    private readonly serves: (clientCode: string) => boolean,
  ) {}

  /** There is new work: look again as soon as nobody is left to serve. */
  readonly lookAgain = (): void => {
    this.toldOfMore = true;
  };

  /** Leaves a tenant out for a while: its jobs cannot run now. */
  rest(clientCode: string, ms: number): void {
    this.resting.set(clientCode, performance.now() + ms);
    for (const turn of this.turns.values()) if (turn.clientCode === clientCode) turn.passed = true;
  }

  /**
   * Claims jobs, in turns.
   * @returns the jobs, and whether none are left that may run: nobody has any, as of a fresh look.
   */
  async take(limits: TakeLimits): Promise<{ jobs: ClaimedJob[]; none: boolean }> {
    let fresh = false;
    // Whose part of this runner is used up at the moment. For this take only: what is held is settled any time.
    const full = new Set<string>();
    const jobs: ClaimedJob[] = [];
    // On time also while there is enough to do: a backlog must not hide who has come since.
    if (this.isLookDue()) {
      await this.look();
      fresh = true;
    }
    while (jobs.length < limits.want) {
      if (this.next(full).length === 0) {
        if (fresh || !(this.toldOfMore || this.isLookDue())) break;
        await this.look();
        fresh = true;
        if (this.next(full).length === 0) break;
      }
      jobs.push(...(await this.round({ ...limits, want: limits.want - jobs.length }, full)));
    }
    // Somebody whose part was full has more: by now there may be room for it.
    return { jobs, none: fresh && jobs.length === 0 && full.size === 0 };
  }

  private isLookDue(): boolean {
    return performance.now() - this.lookedAt >= lookEveryMs;
  }

  /** Whose turns are next, the least served first. */
  private next(full: ReadonlySet<string>): Turn[] {
    return [...this.turns.values()]
      .filter(({ queue, clientCode, passed }) => !passed && !full.has(nameOf(queue, clientCode)))
      .sort((a, b) => a.served - b.served)
      .slice(0, claimsAtOnce);
  }

  private async look(): Promise<void> {
    this.lookedAt = performance.now();
    this.toldOfMore = false;
    const steering = await this.steer();
    const found: { queue: QueueName; clientCode: string }[] = [];
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
    // Who comes anew begins where the least served stand, so that having been idle earns nothing; and at a place of
    // chance among them, so that runners seldom meet at one tenant.
    const least = Math.min(...[...this.turns.values()].map(({ served }) => served));
    const floor = Number.isFinite(least) ? least : 0;
    const known = this.turns;
    this.turns = new Map(
      able.map(({ queue, clientCode }) => {
        const name = nameOf(queue, clientCode);
        const served = known.get(name)?.served ?? floor + Math.random();
        return [name, { queue, clientCode, served, passed: false }];
      }),
    );
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
  private async round(limits: TakeLimits, full: Set<string>): Promise<ClaimedJob[]> {
    const { want, capacity, reserve, quantum } = limits;
    const steering = await this.steer();
    const alone = this.turns.size === 1;
    const share = Math.max(quantum, Math.ceil(capacity / this.turns.size / 2));
    const most = alone ? capacity : Math.max(1, capacity - reserve);
    const claims: Promise<ClaimedJob[]>[] = [];
    let left = want;
    for (const turn of this.next(full)) {
      if (left <= 0) break;
      const { weight } = steering.limitsOf(turn.clientCode);
      const room = most - this.quota.unfinished(turn.queue, turn.clientCode);
      const count = Math.min(left, alone ? left : Math.max(1, Math.round(share * weight)), room);
      if (count <= 0) {
        full.add(nameOf(turn.queue, turn.clientCode));
        continue;
      }
      left -= count;
      claims.push(this.claimFor(turn, count, steering));
    }
    return (await Promise.all(claims)).flat();
  }

  private async claimFor(turn: Turn, count: number, steering: Steering): Promise<ClaimedJob[]> {
    const { queue, clientCode } = turn;
    const allowed = await this.quota.allow(queue, clientCode, count, steering);
    if (allowed < count) turn.passed = true;
    if (allowed === 0) return [];
    const { jobs, exhausted } = await claim({ queue, clientCode, count: allowed, workerId: this.workerId });
    this.quota.claimed(queue, clientCode, allowed, jobs.length);
    turn.served += jobs.length / steering.limitsOf(clientCode).weight;
    if (exhausted) this.turns.delete(nameOf(queue, clientCode));
    return jobs;
  }
}
