import { aimsAt, atLeast, atMost, verdictOf } from "../../../bench/figure";
import { inRounds, quantile } from "../../../bench/measure";
import { tableOf } from "../../../bench/table";

const figure = { what: "something", figure: { value: 50, unit: "/s" }, limit: { value: 100, unit: "/s" } };

describe("a figure's verdict", () => {
  test.each([
    [0.9, "best of class"],
    [0.85, "best of class"],
    [0.6, "ok"],
    [0.59, "MISSED"],
  ])("of a ratio of %p that must be at least 0.6 is %p", (ratio, verdict) => {
    expect(verdictOf({ ...figure, ratio, target: atLeast(0.6, 0.85) })).toBe(verdict);
  });

  test("of a size goes by the figure, and less is better", () => {
    const size = (value: number) =>
      verdictOf({ what: "bundle", figure: { value, unit: "MB" }, target: atMost(3, 1.5) });
    expect([size(1.4), size(2), size(3.1)]).toEqual(["best of class", "ok", "MISSED"]);
  });

  test("of a time over its target is told, but is no missed gate", () => {
    const time = { what: "import", figure: { value: 500, unit: "ms" }, target: aimsAt(400, 200) };
    expect(verdictOf(time)).toBe("over its target");
  });

  test("of a figure of which nothing is asked is empty", () => {
    expect(verdictOf(figure)).toBe("");
  });
});

test("a quantile is one of the values, by the nearest rank", () => {
  const values = [5, 1, 4, 2, 3];
  expect([quantile(values, 0.5), quantile(values, 0.99), quantile(values, 0)]).toEqual([3, 5, 1]);
  expect(() => quantile([], 0.5)).toThrow(RangeError);
});

test("rivals take turns, and which goes first changes from round to round", async () => {
  const order: string[] = [];
  const rival = (name: string) => async (round: number) => order.push(`${name}${round}`);
  await inRounds(3, rival("ours"), rival("theirs"));
  expect(order).toEqual(["ours0", "theirs0", "theirs1", "ours1", "ours2", "theirs2"]);
});

test("the table shows the limit, the ratio and what is asked of it in one line a figure", () => {
  const [headings, , row] = tableOf([{ ...figure, ratio: 0.5, target: atLeast(0.6, 0.85) }])
    .split("\n")
    .map((line) => line.split("|").map((cell) => cell.trim()));
  expect(headings).toEqual([
    "what",
    "figure",
    "limit in the same run",
    "ratio",
    "at least",
    "best of class",
    "verdict",
  ]);
  expect(row).toEqual(["something", "50 /s", "100 /s", "0.50x", "0.60x", "0.85x", "MISSED"]);
});
