/** Send windows against the clock on the wall, quarter by quarter of an hour, over the nights in which clocks are changed. */
import fc from "fast-check";
import { DateTime } from "luxon";
import { planOpening } from "../../../src/services/saas/automation/send.window";
import { isOpenByTheClock, nextOpening } from "../../integration/automation/open.hours";

const minute = 60_000;
const quarter = 15 * minute;
const hour = 60 * minute;

/** Changes of clocks: forward, back, at midnight, and by half an hour. */
const nights = [
  { zone: "Europe/Lisbon", at: "2026-03-29T01:00:00Z" },
  { zone: "Europe/Berlin", at: "2026-03-29T01:00:00Z" },
  { zone: "Europe/Lisbon", at: "2026-10-25T01:00:00Z" },
  { zone: "Europe/Berlin", at: "2026-10-25T01:00:00Z" },
  { zone: "America/New_York", at: "2026-03-08T07:00:00Z" },
  { zone: "America/New_York", at: "2026-11-01T06:00:00Z" },
  { zone: "America/Santiago", at: "2026-09-06T04:00:00Z" },
  { zone: "Australia/Lord_Howe", at: "2026-10-03T15:30:00Z" },
  { zone: "Asia/Kathmandu", at: "2026-07-01T00:00:00Z" },
] as const;

const timeOfDay = (...minutes: readonly string[]) =>
  fc
    .tuple(fc.integer({ min: 0, max: 23 }), fc.constantFrom(...minutes))
    .map(([hours, minute]) => `${String(hours).padStart(2, "0")}:${minute}`);
const drawn = fc.record({
  night: fc.constantFrom(...nights),
  from: timeOfDay("00", "15", "30", "45"),
  to: timeOfDay("00", "15", "30", "44"),
  days: fc.uniqueArray(fc.integer({ min: 1, max: 7 }), { minLength: 4, maxLength: 7 }),
  closed: fc.boolean(),
  offset: fc.integer({ min: -30 * 60, max: 30 * 60 }),
});

/** Whether the wall shows this time twice. */
const isTwice = (at: number, zone: string): boolean =>
  DateTime.fromMillis(at, { zone }).getPossibleOffsets().length > 1;

const seed = 20_261_101;

test(`nothing is sent when the wall says that a window is closed, and it opens when the wall says so (seed ${seed})`, () => {
  let openings = 0;
  fc.assert(
    fc.property(drawn, ({ night, from, to, days, closed, offset }) => {
      fc.pre(from !== to);
      const at = Date.parse(night.at) + offset * minute;
      const closedOn = new Set(closed ? [night.at.slice(0, 10)] : []);
      const wall = { from, to, days, zone: night.zone, closedOn };
      const times = { zone: night.zone, hours: [{ days, from, to }], holidays: closedOn };
      const plan = planOpening(times, new Date(at), "key");
      const goes = plan.open ? at : (plan.opensAt?.getTime() ?? 0);
      expect({ goes: new Date(goes).toISOString(), open: isOpenByTheClock(wall, goes) }).toMatchObject({
        open: true,
      });
      if (plan.open) return;
      openings += 1;
      const opening = nextOpening(wall, at, 15);
      expect(goes - opening).toBeGreaterThanOrEqual(0);
      // An hour that comes twice may pass once; whatever waited is spread over a quarter of an hour.
      const surely = isTwice(opening, night.zone) ? nextOpening(wall, opening + hour, 15) : opening;
      expect(goes - surely).toBeLessThan(quarter);
    }),
    { seed, numRuns: 500 },
  );
  expect(openings).toBeGreaterThan(100);
});
