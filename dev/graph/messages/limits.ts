/** Throughput of a number (130429) and the pair limit (131056). Source: https://developers.facebook.com/docs/whatsapp/cloud-api/overview */
import { GraphError } from "../errors/graph.error";
import type { SimClock } from "../state/sim.clock";
import type { World } from "../state/world";

/** Counts accepted sends; off until the settings say otherwise. */
export class SendLimits {
  private readonly perNumber = new Map<string, number[]>();
  /** Until when the future of a pair is spent, in ms. */
  private readonly perPair = new Map<string, number>();

  constructor(
    private readonly world: World,
    private readonly clock: SimClock,
  ) {}

  /** Counts one send. @throws GraphError 130429 or 131056 when it is one too many; it then counts nothing */
  take(phoneNumberId: string, recipientKey: string): void {
    const nowMs = this.clock.nowMs();
    const { throughputPerSecond, pairLimit } = this.world.settings;
    const recent = (this.perNumber.get(phoneNumberId) ?? []).filter((atMs) => atMs > nowMs - 1000);
    if (throughputPerSecond !== false && recent.length >= throughputPerSecond) {
      throw new GraphError(130429, {
        details:
          "Message failed to send because there were too many messages sent from this phone number in a short period of time",
      });
    }
    const pair = `${phoneNumberId}:${recipientKey}`;
    if (pairLimit !== false) {
      const spentUntilMs = Math.max(this.perPair.get(pair) ?? 0, nowMs) + pairLimit.everyMs;
      if (spentUntilMs - nowMs > pairLimit.everyMs * pairLimit.burst) {
        throw new GraphError(131056, {
          details:
            "Message failed to send because there were too many messages sent from this phone number to the same recipient in a short period of time",
        });
      }
      this.perPair.set(pair, spentUntilMs);
    }
    this.perNumber.set(phoneNumberId, [...recent, nowMs]);
  }

  clear(): void {
    this.perNumber.clear();
    this.perPair.clear();
  }
}
