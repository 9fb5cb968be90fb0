import type { QueueName } from "./job.catalog";

type Listener = () => void;
const listeners = new Map<QueueName, Set<Listener>>();

/** Wakes the drains of this process that serve a queue. @returns false when there is none. */
export function wakeLocalDrains(queue: QueueName): boolean {
  const woken = listeners.get(queue) ?? [];
  for (const wake of woken) wake();
  return listeners.has(queue);
}

/** Registers a drain of this process for these queues, while it takes work. @returns how to end it. */
export function listenForWork(queues: readonly QueueName[], wake: Listener): () => void {
  for (const queue of queues) listeners.set(queue, (listeners.get(queue) ?? new Set()).add(wake));
  return () => {
    for (const queue of queues) {
      listeners.get(queue)?.delete(wake);
      if (listeners.get(queue)?.size === 0) listeners.delete(queue);
    }
  };
}
