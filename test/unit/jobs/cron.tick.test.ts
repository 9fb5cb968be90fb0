import { type CronSchedule, latestTick } from "../../../src/jobs/queue/cron.tick";

const tickAt = (schedule: CronSchedule, now: string) => latestTick(schedule, new Date(now)).toISOString();
const hourMs = 3_600_000;

/** Every tick that somebody sees who looks each ten minutes. */
function ticksBetween(schedule: CronSchedule, from: string, hours: number): string[] {
  const start = new Date(from).getTime();
  const looks = Array.from({ length: hours * 6 }, (_, number) => new Date(start + number * (hourMs / 6)));
  return [...new Set(looks.map((now) => latestTick(schedule, now).toISOString()))];
}

describe("the ticks of a schedule", () => {
  test("of so many minutes are their full multiples", () => {
    expect(tickAt({ everyMinutes: 5 }, "2026-11-22T10:14:59.999Z")).toBe("2026-11-22T10:10:00.000Z");
    expect(tickAt({ everyMinutes: 5 }, "2026-11-22T10:15:00.000Z")).toBe("2026-11-22T10:15:00.000Z");
  });

  test("of a time of day are that time of the zone's wall clock, today or yesterday", () => {
    const schedule = { dailyAt: "03:30", zone: "Asia/Kolkata" };
    expect(tickAt(schedule, "2026-11-21T22:00:00.000Z")).toBe("2026-11-21T22:00:00.000Z");
    expect(tickAt(schedule, "2026-11-21T21:59:59.999Z")).toBe("2026-11-20T22:00:00.000Z");
  });

  test("keep to the wall clock when the zone's clock is changed", () => {
    const schedule = { dailyAt: "09:00", zone: "Europe/Berlin" };
    expect(ticksBetween(schedule, "2026-03-28T08:00:00Z", 47)).toEqual([
      "2026-03-28T08:00:00.000Z",
      "2026-03-29T07:00:00.000Z",
    ]);
  });

  test("come once on a day that has their time twice, and once on a day that has it not", () => {
    const schedule = { dailyAt: "02:30", zone: "Europe/Berlin" };
    expect(ticksBetween(schedule, "2026-10-24T00:30:00Z", 72)).toEqual([
      "2026-10-24T00:30:00.000Z",
      "2026-10-25T00:30:00.000Z",
      "2026-10-26T01:30:00.000Z",
    ]);
    expect(ticksBetween(schedule, "2026-03-28T01:30:00Z", 70)).toEqual([
      "2026-03-28T01:30:00.000Z",
      "2026-03-29T01:30:00.000Z",
      "2026-03-30T00:30:00.000Z",
    ]);
  });

  test.each([
    { everyMinutes: 0 },
    { everyMinutes: 1.5 },
    { dailyAt: "24:00", zone: "UTC" },
    { dailyAt: "10:00", zone: "Europe/Atlantis" },
  ])("of %j do not exist", (schedule) => {
    expect(() => latestTick(schedule, new Date())).toThrow(RangeError);
  });
});
