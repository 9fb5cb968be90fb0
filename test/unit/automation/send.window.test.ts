import { type OpenTimes, planOpening } from "../../../src/services/saas/automation/send.window";
import { cronProblem, nextOccurrence } from "../../../src/services/saas/automation/timers/cron";

const week = [1, 2, 3, 4, 5, 6, 7];
const times = (
  more: Partial<OpenTimes> & { from?: string; to?: string; days?: number[] } = {},
): OpenTimes => {
  const { from = "09:00", to = "18:00", days = week, ...rest } = more;
  return { zone: "Europe/Lisbon", hours: [{ days, from, to }], holidays: new Set(), ...rest };
};
const opensAt = (given: OpenTimes, now: string): string | undefined => {
  const plan = planOpening(given, new Date(now), "run:step");
  return plan.open ? "open" : plan.opensAt?.toISOString();
};
const quarter = 15 * 60_000;

describe("a send window", () => {
  it("is open from its begin to before its end, in its zone", () => {
    expect(opensAt(times(), "2026-07-01T08:00:00Z")).toBe("open");
    expect(opensAt(times(), "2026-07-01T16:59:59Z")).toBe("open");
    expect(opensAt(times(), "2026-07-01T17:00:00Z")).not.toBe("open");
  });

  it("spreads what waited over a quarter of an hour, always the same for a step", () => {
    const at = Date.parse(opensAt(times(), "2026-07-01T20:00:00Z") ?? "");
    expect(at).toBeGreaterThanOrEqual(Date.parse("2026-07-02T08:00:00Z"));
    expect(at).toBeLessThan(Date.parse("2026-07-02T08:00:00Z") + quarter);
    expect(opensAt(times(), "2026-07-01T21:00:00Z")).toBe(new Date(at).toISOString());
  });

  it("runs over midnight, on the day on which it begins", () => {
    const night = times({ from: "22:00", to: "06:00", days: [5] });
    expect(opensAt(night, "2026-01-03T05:59:00Z")).toBe("open"); // Saturday morning of Friday's night
    expect(opensAt(night, "2026-01-03T23:00:00Z")?.slice(0, 13)).toBe("2026-01-09T22");
  });

  it("passes over days that are not allowed and holidays", () => {
    const office = times({ days: [1, 2, 3, 4, 5], holidays: new Set(["2026-01-05"]) });
    expect(opensAt(office, "2026-01-02T19:00:00Z")?.slice(0, 13)).toBe("2026-01-06T09");
  });

  it("keeps the wall clock when the clocks change", () => {
    // Lisbon goes from UTC to UTC+1 on 2026-03-29.
    expect(opensAt(times(), "2026-03-28T20:00:00Z")?.slice(0, 13)).toBe("2026-03-29T08");
    // 01:30 does not exist on that day: the window opens an hour later by the wall clock.
    expect(opensAt(times({ from: "01:30", to: "05:00" }), "2026-03-29T00:00:00Z")).not.toBe("open");
  });

  it("says when it never opens", () => {
    const plan = planOpening({ zone: "UTC", hours: [], holidays: new Set() }, new Date(), "key");
    expect(plan).toEqual({ open: false, opensAt: undefined });
  });
});

describe("a cron expression", () => {
  it("names the next time in a zone", () => {
    const next = (text: string, after: string) =>
      nextOccurrence(text, new Date(after), "Europe/Lisbon")?.toISOString();
    expect(next("0 9 * * 1", "2026-07-01T00:00:00Z")).toBe("2026-07-06T08:00:00.000Z");
    expect(next("*/30 10-11 1 jan,jul *", "2026-07-01T09:31:00Z")).toBe("2026-07-01T10:00:00.000Z");
    expect(next("0 0 29 2 *", "2026-03-01T00:00:00Z")).toBe("2028-02-29T00:00:00.000Z");
  });

  it("is refused when it is none, or never comes", () => {
    for (const text of ["", "* * * *", "60 * * * *", "0 0 31 2 *", "a b c d e"])
      expect([text, cronProblem(text)]).toEqual([text, expect.any(String)]);
    expect(cronProblem("15 8 * * mon-fri")).toBeUndefined();
  });
});
