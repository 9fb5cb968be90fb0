import type { ClaimedJob } from "../queue/claim";
import type { QueueName } from "../queue/job.catalog";
import { keepSlots, slotLeaseMs, takeSlots } from "../queue/slots";
import type { Steering } from "../queue/steering";
import type { HandWatcher } from "./hand";

/** Slots whose count changed are told to the others at most this often. */
const tellEveryMs = 250;

const slotOf = (queue: string, clientCode: string): string => `${queue}:${clientCode}`;

function change(counts: Map<string, number>, slot: string, by: number): void {
  const count = (counts.get(slot) ?? 0) + by;
  if (count > 0) counts.set(slot, count);
  else counts.delete(slot);
}

/**
 * How many jobs of each tenant this runner holds, and its part in the limits that hold over all runners. A tenant
 * without limits costs no write.
 */
export class Quota implements HandWatcher {
  private readonly counts = new Map<string, number>();
  /** Of these, the ones whose handlers are not over yet. */
  private readonly open = new Map<string, number>();
  /** Slots that have a lease of ours, with the count it says. */
  private readonly told = new Map<string, number>();
  private readonly unused = new Map<string, number>();
  private toldAt = performance.now();

  constructor(private readonly holder: string) {}

  /** How many of a tenant's jobs wait here to be started, or run: its part of this runner. */
  unfinished(queue: string, clientCode: string): number {
    return this.open.get(slotOf(queue, clientCode)) ?? 0;
  }

  /** For how many of `want` more jobs the limits of the tenant and of the queue have room. */
  async allow(queue: QueueName, clientCode: string, want: number, steering: Steering): Promise<number> {
    const { maxRunning, ratePerMinute } = steering.limitsOf(clientCode);
    const slot = slotOf(queue, clientCode);
    let allowed = want;
    if (maxRunning !== null || ratePerMinute !== null)
      allowed = await this.request(slot, allowed, maxRunning, ratePerMinute);
    const queueRate = steering.rateOfQueue(queue);
    if (queueRate === null || allowed === 0) return allowed;
    const passed = await this.request(slotOf(queue, "*"), allowed, null, queueRate);
    this.giveBack(slot, allowed - passed);
    return passed;
  }

  private async request(slot: string, want: number, maxRunning: number | null, ratePerMinute: number | null) {
    const held = this.counts.get(slot) ?? 0;
    const unused = this.unused.get(slot) ?? 0;
    this.unused.delete(slot);
    const granted = await takeSlots({
      slot,
      holder: this.holder,
      held,
      want,
      maxRunning,
      ratePerMinute,
      unused,
    });
    this.told.set(slot, held + granted);
    return granted;
  }

  private giveBack(slot: string, count: number): void {
    if (count > 0 && this.told.has(slot)) this.unused.set(slot, (this.unused.get(slot) ?? 0) + count);
  }

  /** Notes what a claim brought, of what was allowed. */
  claimed(queue: QueueName, clientCode: string, allowed: number, jobs: number): void {
    const slot = slotOf(queue, clientCode);
    change(this.counts, slot, jobs);
    change(this.open, slot, jobs);
    this.giveBack(slot, allowed - jobs);
    this.giveBack(slotOf(queue, "*"), allowed - jobs);
  }

  finished({ queue, clientCode }: ClaimedJob): void {
    change(this.open, slotOf(queue, clientCode), -1);
  }

  released({ queue, clientCode }: ClaimedJob): void {
    change(this.counts, slotOf(queue, clientCode), -1);
  }

  /** Tells the others what changed, and renews the leases. Call it often: it writes only when there is something to say. */
  async tell(): Promise<void> {
    const since = performance.now() - this.toldAt;
    if (this.told.size === 0 || since < tellEveryMs) return;
    const renew = since >= slotLeaseMs / 3;
    const news = new Map<string, number>();
    for (const [slot, said] of this.told) {
      const count = this.counts.get(slot) ?? 0;
      if (renew || count !== said) news.set(slot, count);
    }
    this.toldAt = performance.now();
    await keepSlots(this.holder, news);
    for (const [slot, count] of news)
      if (count === 0) this.told.delete(slot);
      else this.told.set(slot, count);
  }

  /** Gives up every lease. */
  async end(): Promise<void> {
    await keepSlots(this.holder, new Map([...this.told.keys()].map((slot) => [slot, 0])));
    this.told.clear();
  }
}
