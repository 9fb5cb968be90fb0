/** Time as the simulated Meta sees it, and the real-time timers behind delays. */

/** The stack's clock plus an offset of our own: `POST /_sim/clock` sets it when the stack runs elsewhere. */
export class SimClock {
  offsetMs = 0;
  constructor(private readonly source: () => Date) {}

  now(): Date {
    return new Date(this.source().getTime() + this.offsetMs);
  }

  nowMs(): number {
    return this.now().getTime();
  }

  /** Unix seconds, as Meta's timestamps are. */
  nowSeconds(): number {
    return Math.floor(this.nowMs() / 1000);
  }
}

/** Timers that can all be cancelled at once, so that stopping or resetting leaves nothing running. */
export class Timers {
  private readonly pending = new Map<NodeJS.Timeout, () => void>();

  /** Runs `work` after `ms` of real time, unless cancelled before. */
  after(ms: number, work: () => void): void {
    const timer = setTimeout(() => {
      this.pending.delete(timer);
      work();
    }, ms);
    this.pending.set(timer, () => {});
  }

  /** Waits `ms` of real time; ends at once, with false, when everything is cancelled. */
  pause(ms: number): Promise<boolean> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => {
        this.pending.delete(timer);
        resolve(true);
      }, ms);
      this.pending.set(timer, () => resolve(false));
    });
  }

  cancelAll(): void {
    for (const [timer, onCancel] of this.pending) {
      clearTimeout(timer);
      onCancel();
    }
    this.pending.clear();
  }
}
