import { setTimeout as sleep } from "node:timers/promises";
import { rootLogger } from "../../lib/log/logger";
import { complete, type FinishedJob } from "../queue/complete";

const retryPauseMs = 250;

interface Waiting extends FinishedJob {
  readonly settled: () => void;
  readonly stillHeld: () => boolean;
}

/**
 * Writes completions in groups: while one write is under way the next group gathers, so a busy runner needs a few
 * round trips for hundreds of jobs and an idle one does not wait. A write that fails is tried again for as long as
 * the jobs are held; after that somebody else has them.
 */
export class Settler {
  private gathered: Waiting[] = [];
  private writing: Promise<void> | undefined;

  /** Resolves when the job is marked done, or is not ours any more. */
  done(finished: FinishedJob, stillHeld: () => boolean): Promise<void> {
    return new Promise((resolve) => {
      this.gathered.push({ ...finished, stillHeld, settled: resolve });
      this.writing ??= this.write();
    });
  }

  private async write(): Promise<void> {
    // Everything that finishes in this turn of the event loop goes into the first group.
    await sleep(0);
    while (this.gathered.length > 0) {
      const group = this.gathered;
      this.gathered = [];
      await this.writeGroup(group);
    }
    this.writing = undefined;
  }

  private async writeGroup(group: Waiting[]): Promise<void> {
    let rest = group;
    while (rest.length > 0) {
      try {
        const written = await complete(rest);
        if (written < rest.length)
          rootLogger().warn("Jobs finished after their lease was taken away; their results were dropped.", {
            fenced: rest.length - written,
          });
        break;
      } catch (error) {
        rootLogger().warn(
          "Finished jobs could not be marked done; trying again.",
          { jobs: rest.length },
          error,
        );
        await sleep(retryPauseMs);
        for (const lost of rest.filter(({ stillHeld }) => !stillHeld())) lost.settled();
        rest = rest.filter(({ stillHeld }) => stillHeld());
      }
    }
    for (const one of rest) one.settled();
  }
}
