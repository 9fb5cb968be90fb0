import { type CronEntry, fireDue } from "../../../src/jobs/queue/cron";
import type { AnyNewJob } from "../../../src/jobs/queue/job.draft";
import { jobsCollection, marksCollection } from "../../../src/jobs/queue/jobs.collection";
import { moveClock, now } from "../../../src/lib/clock/clock";
import { migrateCentral } from "../../../src/lib/db/central.migrations";
import { closeAllConnections } from "../../../src/lib/tenant/tenant.registry";

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;

/** Enqueues one sweep without a unique key, so that a second firing would be seen. */
function entryOf(name: string, over: Partial<CronEntry> = {}): CronEntry {
  return {
    name,
    schedule: { dailyAt: "06:00", zone: "UTC" },
    missed: "catch_up_once",
    async *jobs(requestId): AsyncGenerator<AnyNewJob[]> {
      yield [{ type: "tenant.sweep", payload: { clientCode: name }, requestId }];
    },
    ...over,
  };
}

const countOf = async (clientCode: string) => (await jobsCollection()).countDocuments({ clientCode });

describe("recurring jobs", () => {
  beforeAll(async () => {
    await migrateCentral();
  });
  afterAll(closeAllConnections);

  test("are enqueued once per tick, however many pollers look at once", async () => {
    const entry = entryOf("crowd");
    for (const days of [1, 2, 3]) {
      const fired = await Promise.all(Array.from({ length: 20 }, () => fireDue([entry])));
      expect(fired.filter((count) => count > 0)).toEqual([1]);
      expect(await fireDue([entry])).toBe(0);
      expect(await countOf("crowd")).toBe(days);
      await moveClock({ byMs: 24 * hourMs });
    }
  });

  test("that were missed many times are made up for once, or left out, as their entry says", async () => {
    const once = entryOf("made-up", { schedule: { everyMinutes: 60 } });
    const skipped = entryOf("left-out", { schedule: { everyMinutes: 60 }, missed: "skip" });
    const both = [once, skipped];
    const nextHour = Math.ceil(now().getTime() / hourMs) * hourMs;
    await moveClock({ to: new Date(nextHour + minuteMs) });
    expect(await fireDue(both)).toBe(2);
    await moveClock({ byMs: 5 * hourMs + 10 * minuteMs });
    expect(await fireDue(both)).toBe(1);
    expect(await fireDue(both)).toBe(0);
    expect([await countOf("made-up"), await countOf("left-out")]).toEqual([2, 1]);
    await moveClock({ byMs: 50 * minuteMs });
    expect(await fireDue(both)).toBe(2);
  });

  test("whose firer died are fired by another when its time is over, and one that fails keeps no other", async () => {
    const broken = entryOf("broken", {
      jobs: () => {
        throw new Error("not now");
      },
    });
    expect(await fireDue([broken, entryOf("beside")])).toBe(1);
    const mended = entryOf("broken");
    expect(await fireDue([mended])).toBe(0);
    await (await marksCollection()).updateOne({ _id: "cron:broken" }, { $set: { at: new Date(0) } });
    expect(await fireDue([mended])).toBe(1);
    expect(await fireDue([mended])).toBe(0);
  });
});
