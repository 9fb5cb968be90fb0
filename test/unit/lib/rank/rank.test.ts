import * as fc from "fast-check";
import { firstRank, rankAway, rankBetween, ranksBetween } from "../../../../src/lib/rank/rank";

test("ranks stay in order and unique through 5,000 random insertions", () => {
  let seed = 42;
  const random = (below: number) => {
    seed = (seed * 1_103_515_245 + 12_345) % 2 ** 31;
    return seed % below;
  };
  const ranks = [firstRank];
  for (let n = 0; n < 5_000; n += 1) {
    const at = random(ranks.length + 1);
    ranks.splice(at, 0, rankBetween(ranks[at - 1] ?? null, ranks[at] ?? null));
  }
  expect(new Set(ranks).size).toBe(ranks.length);
  expect([...ranks].sort((a, b) => (a < b ? -1 : 1))).toEqual(ranks);
  expect(Math.max(...ranks.map((rank) => rank.length))).toBeLessThanOrEqual(12);
});

test("adding 100,000 at either end keeps ranks at eight characters", () => {
  let [first, last] = [firstRank, firstRank];
  for (let n = 0; n < 100_000; n += 1) {
    first = rankBetween(null, first);
    last = rankBetween(last, null);
  }
  expect([first.length, last.length]).toEqual([8, 8]);
});

test("dropping 1,000 times into the same gap grows ranks by one character in five", () => {
  const lower = firstRank;
  let upper = rankBetween(lower, null);
  for (let n = 0; n < 1_000; n += 1) {
    const middle = rankBetween(lower, upper);
    expect(lower < middle && middle < upper).toBe(true);
    upper = middle;
  }
  expect(upper.length).toBeLessThan(210);
});

test("there is room even at the very ends", () => {
  expect(rankBetween(null, "00000001") < "00000001").toBe(true);
  expect(rankBetween("zzzzzzzz", null) > "zzzzzzzz").toBe(true);
});

test("neighbours in the wrong order are refused", () => {
  expect(() => rankBetween("b0000000", "a0000000")).toThrow(RangeError);
  expect(() => rankBetween("a0000000", "a0000000")).toThrow(RangeError);
});

const rankText = fc
  .tuple(
    fc.stringMatching(/^[0-9A-Za-z]{7}[1-9A-Za-z]$/),
    fc.option(fc.stringMatching(/^[0-9A-Za-z]{0,20}[1-9A-Za-z]$/), { nil: "" }),
  )
  .map(([head, tail]) => head + tail);

test("ranks spread anew are unique, in order, between their neighbours, short, and none that is taken", () => {
  fc.assert(
    fc.property(
      fc.option(rankText, { nil: null }),
      fc.option(rankText, { nil: null }),
      fc.integer({ min: 1, max: 300 }),
      fc.integer({ min: 8, max: 24 }),
      (one, other, count, longest) => {
        const turned = one !== null && other !== null && one > other;
        const [lower, upper] = turned ? [other, one] : [one, other];
        const free = ranksBetween(lower, upper, { count, longest, taken: new Set() });
        if (free === null) return;
        // Everything that would be given out is taken: the next ones are.
        const ranks = ranksBetween(lower, upper, { count, longest, taken: new Set(free) });
        for (const given of [free, ranks ?? free]) {
          expect(given).toHaveLength(count);
          const all = [...(lower === null ? [] : [lower]), ...given, ...(upper === null ? [] : [upper])];
          expect(all.every((rank, index) => index === 0 || (all[index - 1] ?? "") < rank)).toBe(true);
          expect(given.every((rank) => rank.length <= longest && /^.{8}(.*[^0])?$/.test(rank))).toBe(true);
        }
        expect((ranks ?? []).filter((rank) => free.includes(rank))).toEqual([]);
      },
    ),
    { numRuns: 500, seed: 7 },
  );
});

test("where there is no room for so many, none are given", () => {
  const options = { longest: 10, taken: new Set<string>() };
  expect(ranksBetween("V0000000", "V000000001", { ...options, count: 1 })).toBeNull();
  expect(ranksBetween("V0000000", "V0000001", { ...options, count: 100 })).toBeNull();
  expect(ranksBetween("V0000000", "V0000001", { ...options, count: 10 })).toHaveLength(10);
});

test("wide steps lead away from a crowded place in order, and end where ranks end", () => {
  const origin = `V${"0".repeat(20)}7`;
  const ranks = Array.from({ length: 2_001 }, (_, n) => rankAway(origin, n - 1_000) ?? "");
  expect(ranks.every((rank, n) => n === 0 || (ranks[n - 1] ?? "") < rank)).toBe(true);
  expect((ranks[999] ?? "") < origin && origin < (ranks[1_001] ?? "")).toBe(true);
  expect(Math.max(...ranks.map((rank) => rank.length))).toBeLessThanOrEqual(12);
  expect([rankAway("00000001", -1e12), rankAway("zzzzzzzz", 1e12)]).toEqual([null, null]);
});
