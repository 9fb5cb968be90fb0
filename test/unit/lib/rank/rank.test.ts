import { firstRank, rankBetween } from "../../../../src/lib/rank/rank";

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
