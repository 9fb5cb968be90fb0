import { setTimeout as sleep } from "node:timers/promises";
import { createConversionSlots } from "../../../src/lib/media/conversion.slots";

const signal = new AbortController().signal;

describe("slots for conversions", () => {
  test("no more run at once than there are slots, and all of them run", async () => {
    const inSlot = createConversionSlots(2);
    let running = 0;
    let most = 0;
    const done = await Promise.all(
      Array.from({ length: 9 }, (_, i) =>
        inSlot(signal, async () => {
          most = Math.max(most, ++running);
          await sleep(2);
          running--;
          return i;
        }),
      ),
    );
    expect(most).toBe(2);
    expect(done).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8]);
  });

  test("one that fails, or was cancelled while it waited, gives its slot on", async () => {
    const inSlot = createConversionSlots(1);
    const failing = inSlot(signal, async () => {
      await sleep(2);
      throw new Error("it failed");
    });
    const cancel = new AbortController();
    const cancelled = inSlot(cancel.signal, async () => "ran");
    cancel.abort(new Error("cancelled"));
    const third = inSlot(signal, async () => "ran");
    await expect(failing).rejects.toThrow("it failed");
    await expect(cancelled).rejects.toThrow("cancelled");
    expect(await third).toBe("ran");
  });
});
