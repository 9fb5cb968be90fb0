import { type ClaimedJob, claim } from "../queue/claim";
import type { QueueName } from "../queue/job.catalog";
import { suspendedAmong, tenantsWithWork } from "../queue/tenants.with.work";

/** Who has work is looked up at most this often, unless somebody says that there is more. */
const lookEveryMs = 250;
/** Jobs of one tenant in one turn, so that a tenant with thousands delays another by a few. */
const quantum = 4;
/** Claims of different tenants do not meet, so some run at once. */
const claimsAtOnce = 4;

interface Turn {
  readonly queue: QueueName;
  readonly clientCode: string;
  /** Jobs it may still take in this round. */
  credit: number;
}

/** Takes work tenant by tenant (deficit round robin), so that nobody waits behind somebody else's backlog. */
export class Turns {
  private ring: Turn[] = [];
  private lookedAt = Number.NEGATIVE_INFINITY;
  private readonly resting = new Map<string, number>();

  constructor(
    private readonly queues: readonly QueueName[],
    private readonly workerId: string,
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
   * @returns the jobs, and whether the look at who has work was a fresh one: nothing then means that nobody had any.
   */
  async take(want: number): Promise<{ jobs: ClaimedJob[]; fresh: boolean }> {
    let fresh = false;
    const jobs: ClaimedJob[] = [];
    while (jobs.length < want) {
      if (this.ring.length === 0) {
        if (fresh || performance.now() - this.lookedAt < lookEveryMs) break;
        await this.look();
        fresh = true;
        if (this.ring.length === 0) break;
      }
      jobs.push(...(await this.round(want - jobs.length)));
    }
    return { jobs, fresh };
  }

  private async look(): Promise<void> {
    this.lookedAt = performance.now();
    const found: Turn[] = [];
    for (const queue of this.queues)
      for (const clientCode of await tenantsWithWork(queue))
        if (this.serves(clientCode)) found.push({ queue, clientCode, credit: 0 });
    const suspended = await suspendedAmong([...new Set(found.map(({ clientCode }) => clientCode))]);
    const able = found.filter(({ clientCode }) => !suspended.has(clientCode) && !this.isResting(clientCode));
    // Runners begin at different places, so that they seldom meet at one tenant.
    const offset = Math.floor(Math.random() * able.length);
    this.ring = [...able.slice(offset), ...able.slice(0, offset)];
  }

  private isResting(clientCode: string): boolean {
    const until = this.resting.get(clientCode);
    if (until === undefined) return false;
    if (until > performance.now()) return true;
    this.resting.delete(clientCode);
    return false;
  }

  /** The next few tenants' turns, side by side. */
  private async round(want: number): Promise<ClaimedJob[]> {
    const alone = this.ring.length === 1;
    const share = Math.max(quantum, Math.ceil(want / this.ring.length));
    const claims: Promise<ClaimedJob[]>[] = [];
    let left = want;
    for (const turn of this.ring.splice(0, claimsAtOnce)) {
      if (left <= 0) {
        this.ring.unshift(turn);
        continue;
      }
      if (turn.credit <= 0) turn.credit += share;
      const count = alone ? left : Math.min(left, turn.credit);
      left -= count;
      claims.push(this.claimFor(turn, count));
    }
    return (await Promise.all(claims)).flat();
  }

  private async claimFor(turn: Turn, count: number): Promise<ClaimedJob[]> {
    const { queue, clientCode } = turn;
    const { jobs, exhausted } = await claim({ queue, clientCode, count, workerId: this.workerId });
    turn.credit -= jobs.length;
    if (!exhausted) {
      // A turn that was cut short by the runner's room goes on first; a used up one goes to the end.
      if (turn.credit > 0) this.ring.unshift(turn);
      else this.ring.push(turn);
    }
    return jobs;
  }
}
