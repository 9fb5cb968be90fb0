import type { QueueName } from "../queue/job.catalog";
import { listenForWork } from "../queue/wake";

/** How a drain waits: until something happens in this process, or for a time, whichever is first. */
export class Pace {
  private wakeUp: (() => void) | undefined;
  private woken = false;
  private readonly unlisten: () => void;

  constructor(queues: readonly QueueName[], serves: (clientCode: string) => boolean, onWork: () => void) {
    const wake = () => {
      onWork();
      this.wake();
    };
    this.unlisten = listenForWork({ queues, serves, wake });
  }

  /** Ends the current wait, or the next one at once. */
  readonly wake = (): void => {
    this.woken = true;
    this.wakeUp?.();
  };

  async wait(ms: number): Promise<void> {
    if (!this.woken && ms > 0)
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, ms);
        this.wakeUp = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    this.wakeUp = undefined;
    this.woken = false;
  }

  /** Stops listening for work of this process. */
  close(): void {
    this.unlisten();
  }
}
