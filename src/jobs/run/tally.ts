import { now } from "../../lib/clock/clock";
import { rootLogger } from "../../lib/log/logger";
import type { ClaimedJob } from "../queue/claim";
import { lagBucket, type MinuteFigures, minuteOf, noFigures, writeMinutes } from "../queue/job.minutes";
import type { Outcome } from "./settle";

const writeEveryMs = 60_000;

/** What became of one attempt. */
export interface Attempt {
  readonly job: ClaimedJob;
  readonly outcome: Outcome;
  /** How long after its due time the handler was started, by this process's clock. */
  readonly lagMs: number;
  /** The handler asked to wait: put off, but nothing went wrong. */
  readonly waits: boolean;
}

/** Counts a drain's attempts by minute, queue and tenant: written once at its end, and once a minute while it lasts. */
export class Tally {
  private figures = new Map<string, MinuteFigures>();
  private readonly timer = setInterval(() => void this.write(), writeEveryMs).unref();

  /** Counts an attempt; what was given back, lost, parked or cancelled is none. */
  count({ job, outcome, lagMs, waits }: Attempt): void {
    if (outcome !== "done" && outcome !== "retried" && outcome !== "dead") return;
    const minute = minuteOf(now());
    const place = `${job.queue}:${job.clientCode}:${minute.getTime()}`;
    const figures = this.figures.get(place) ?? {
      queue: job.queue,
      clientCode: job.clientCode,
      minute,
      ...noFigures(),
    };
    this.figures.set(place, figures);
    figures[outcome] += 1;
    if (outcome === "dead" || (outcome === "retried" && !waits)) figures.failed += 1;
    const bucket = lagBucket(lagMs);
    figures.lag[bucket] = (figures.lag[bucket] ?? 0) + 1;
  }

  /** Writes what is left; to be called when the drain is over. */
  async end(): Promise<void> {
    clearInterval(this.timer);
    await this.write();
  }

  /** Figures whose write failed are dropped: it may have got through, and twice would be worse than not at all. */
  private async write(): Promise<void> {
    const figures = [...this.figures.values()];
    this.figures = new Map();
    try {
      await writeMinutes(figures);
    } catch (error) {
      rootLogger().warn(
        "The queue's figures could not be written; they lack in its health.",
        { minutes: figures.length },
        error,
      );
    }
  }
}
