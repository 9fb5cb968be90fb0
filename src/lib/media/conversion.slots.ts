import { availableParallelism } from "node:os";

/**
 * As many conversions at once in this process as it has cores: more of them end no sooner, but take memory each.
 * The others wait their turn.
 */
export function createConversionSlots(most: number) {
  const waiting: (() => void)[] = [];
  let running = 0;

  return async function inSlot<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    if (running < most) running++;
    else {
      await new Promise<void>((resolve) => {
        waiting.push(resolve);
      });
    }
    try {
      signal.throwIfAborted();
      return await work();
    } finally {
      // the slot goes to the next in line, or is free
      const next = waiting.shift();
      if (next) next();
      else running--;
    }
  };
}

/** The slots of this process. @throws the signal's reason when it was aborted while waiting */
export const inConversionSlot = createConversionSlots(availableParallelism());
