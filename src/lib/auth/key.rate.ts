import { rootLogger } from "../log/logger";
import { type RateLimit, takeFromBucket } from "./shared.bucket";

/** How long requests taken from the shared bucket may be used; what is left then is forfeited. */
const heldMs = 1_000;
/** An empty bucket is asked again after this long, so that refusing costs no queries. */
const refusedMs = 250;
const mostAtOnce = 25;
/** A twentieth of the limit is each container's own: quiet keys cost no query at all. */
const freeShare = 1 / 20;

/** What a request learns of its key's limit. */
export interface RateDecision {
  readonly allowed: boolean;
  /** About how many more requests may be made now. */
  readonly remaining: number;
}

/**
 * One key's requests in this container. Few in a second pass without asking anybody; more are taken from the bucket
 * that all containers share, in blocks as large as the present pace, so that a busy key costs one small update for
 * many requests. Over the limit by at most a twentieth for each container.
 */
export class KeyRate {
  private second = 0;
  private used = 0;
  private usedBefore = 0;
  private held = 0;
  private heldUntil = 0;
  private refusedUntil = 0;
  private left: number;
  private asking: Promise<void> | undefined;

  constructor(
    private readonly keyId: string,
    private readonly limit: RateLimit,
  ) {
    this.left = limit.burst;
  }

  /** Counts one request. */
  async take(): Promise<RateDecision> {
    this.turn();
    this.used += 1;
    if (this.used <= Math.floor(this.limit.ratePerSecond * freeShare))
      return { allowed: true, remaining: this.remaining() };
    while (!this.takeHeld()) {
      if (performance.now() < this.refusedUntil) return { allowed: false, remaining: 0 };
      this.asking ??= this.ask().finally(() => {
        this.asking = undefined;
      });
      await this.asking;
    }
    return { allowed: true, remaining: this.remaining() };
  }

  private remaining(): number {
    return Math.max(0, this.left + this.held);
  }

  private turn(): void {
    const second = Math.floor(performance.now() / 1_000);
    if (second === this.second) return;
    this.usedBefore = second === this.second + 1 ? this.used : 0;
    this.used = 0;
    this.second = second;
  }

  private takeHeld(): boolean {
    if (this.held === 0 || performance.now() > this.heldUntil) return false;
    this.held -= 1;
    return true;
  }

  private async ask(): Promise<void> {
    const pace = Math.max(this.used, this.usedBefore);
    const want = Math.min(mostAtOnce, Math.max(1, Math.ceil(pace / 4)));
    try {
      const { granted, left } = await takeFromBucket(this.keyId, want, this.limit);
      this.held = granted;
      this.left = left;
      this.heldUntil = performance.now() + heldMs;
      if (granted === 0) this.refusedUntil = performance.now() + refusedMs;
    } catch (error) {
      // A limit that cannot be looked up must not refuse anybody; the database is missed by others soon enough.
      rootLogger().warn("The rate of a key could not be counted.", { keyId: this.keyId }, error);
      this.held = want;
      this.heldUntil = performance.now() + heldMs;
    }
  }
}
