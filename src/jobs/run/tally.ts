import { rootLogger } from "../../lib/log/logger";
import type { ClaimedJob } from "../queue/claim";
import { lagBucket, type MinuteFigures, minuteOf, noFigures, writeMinutes } from "../queue/job.minutes";
import type { Crash } from "../queue/reap";
import { stackTimeNow } from "../queue/server.time";
import { emitDrainMetrics } from "./drain.metrics";
import type { Outcome } from "./settle";

const writeEveryMs = 60_000;

/** What became of one attempt. */
export interface Attempt {
  readonly job: ClaimedJob;
  readonly outcome: Outcome;
  /** How long after its due time the handler was started, by the server's clock. */
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
    const figures = this.figuresOf(job);
    figures[outcome] += 1;
    if (outcome === "dead" || (outcome === "retried" && !waits)) figures.failed += 1;
    const bucket = lagBucket(lagMs);
    figures.lag[bucket] = (figures.lag[bucket] ?? 0) + 1;
  }

  /** Counts an attempt whose worker fell silent; which minute that was in, nobody knows: it counts in this one. */
  readonly crashed = ({ job, outcome }: Crash): void => {
    const figures = this.figuresOf(job);
    figures.crashed += 1;
    figures.failed += 1;
    if (outcome !== "cancelled") figures[outcome] += 1;
  };

  private figuresOf({ queue, clientCode }: Pick<ClaimedJob, "queue" | "clientCode">): MinuteFigures {
    const minute = minuteOf(stackTimeNow());
    const place = `${queue}:${clientCode}:${minute.getTime()}`;
    const figures = this.figures.get(place) ?? { queue, clientCode, minute, ...noFigures() };
    this.figures.set(place, figures);
    return figures;
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
    await emitDrainMetrics(figures);
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
