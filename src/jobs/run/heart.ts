import { rootLogger } from "../../lib/log/logger";
import { beat, feelPulse, holdName } from "../queue/beat";
import type { Hand, HeldJob, StopReason } from "./hand";

const tickMs = 250;
/** A running job is asked about this often: has it been taken away, is it to be cancelled? */
const pulseMs = 1_000;

/**
 * Keeps the leases of everything in hand alive: a beat every third of the shortest lease, by the server's clock. Tells
 * jobs to stop that were taken away or cancelled, and those whose lease must have run out because no beat got through.
 */
export class Heart {
  private timer: NodeJS.Timeout | undefined;
  private ticking: Promise<void> = Promise.resolve();
  private busy = false;
  private lastBeat = performance.now();
  private lastPulse = performance.now();
  private readonly aliveSince = new WeakMap<HeldJob, number>();

  constructor(
    private readonly hand: Hand,
    private readonly stop: (held: HeldJob, reason: StopReason) => void,
  ) {}

  start(): void {
    this.timer = setInterval(() => {
      if (!this.busy) this.ticking = this.tick();
    }, tickMs);
  }

  /** Stops beating; resolves when nothing is under way any more. */
  async end(): Promise<void> {
    clearInterval(this.timer);
    await this.ticking;
  }

  private async tick(): Promise<void> {
    this.busy = true;
    try {
      const held = this.hand.all();
      const now = performance.now();
      if (held.length === 0) {
        this.lastBeat = now;
        return;
      }
      this.stopOverdue(held, now);
      const shortest = Math.min(...held.map(({ job }) => job.leaseMs));
      if (now - this.lastBeat >= shortest / 3 - tickMs) await this.beat(held, now);
      if (now - this.lastPulse >= pulseMs) await this.pulse(now);
    } catch (error) {
      rootLogger().warn("A heartbeat of the queue did not get through; trying again.", {}, error);
    } finally {
      this.busy = false;
    }
  }

  /** Measured from before the last beat was sent, so never later than the server's own reckoning. */
  private stopOverdue(held: readonly HeldJob[], now: number): void {
    for (const one of held) {
      const since = this.aliveSince.get(one);
      if (since === undefined) this.aliveSince.set(one, now);
      else if (now - since > one.job.leaseMs) this.stop(one, "lost");
    }
  }

  private async beat(held: readonly HeldJob[], sentAt: number): Promise<void> {
    await beat(this.hand.tokens());
    this.lastBeat = sentAt;
    for (const one of held) this.aliveSince.set(one, sentAt);
  }

  private async pulse(now: number): Promise<void> {
    const asked = this.hand.all().filter(({ phase }) => phase !== "settling");
    if (asked.length === 0) return;
    const { alive, cancelled } = await feelPulse([...new Set(asked.map(({ job }) => job.token))]);
    this.lastPulse = now;
    for (const one of asked) {
      if (one.phase === "settling") continue;
      const name = holdName(one.job);
      if (!alive.has(name)) this.stop(one, "lost");
      else if (cancelled.has(name)) this.stop(one, "cancelled");
    }
  }
}
