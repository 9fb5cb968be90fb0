import type { QueueName } from "./job.catalog";

interface LocalDrain {
  readonly queues: readonly QueueName[];
  readonly serves: (clientCode: string) => boolean;
  readonly wake: () => void;
}

const drains = new Set<LocalDrain>();

/** Wakes the drains of this process that would take this tenant's jobs. @returns false when there is none. */
export function wakeLocalDrains(queue: QueueName, clientCode: string): boolean {
  let woken = false;
  for (const drain of drains) {
    if (!drain.queues.includes(queue) || !drain.serves(clientCode)) continue;
    drain.wake();
    woken = true;
  }
  return woken;
}

/** Registers a drain of this process, while it takes work. @returns how to end it. */
export function listenForWork(drain: LocalDrain): () => void {
  drains.add(drain);
  return () => {
    drains.delete(drain);
  };
}
