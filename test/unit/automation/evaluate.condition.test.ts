import { conditionSchema } from "../../../src/contracts/condition.contract";
import { evaluateCondition } from "../../../src/services/saas/automation/conditions/evaluate.condition";

const now = new Date("2026-11-22T12:00:00.000Z");
const scope = {
  lead: {
    firstName: "José",
    email: null,
    tags: ["VIP", "fair2026"],
    score: 12,
    value: { amount: 1500, currency: "EUR" },
    lastInboundAt: new Date("2026-11-21T12:00:00.000Z"),
    status: "open",
    doNotContact: false,
  },
  event: { data: { startsAt: "2026-11-23T09:00:00.000Z" } },
};
const judge = (condition: unknown): boolean =>
  evaluateCondition(conditionSchema.parse(condition), scope, now).matched;

describe("conditions", () => {
  it.each([
    [
      { field: "lead.firstName", op: "equals", value: "JOSE\u0301 " },
      true,
      "texts are composed, trimmed and without case",
    ],
    [
      { field: "lead.firstName", op: "equals", value: "JOSÉ", caseSensitive: true },
      false,
      "case counts when asked for",
    ],
    [
      { field: "lead.tags", op: "any_of", value: ["vip", "x"] },
      true,
      "one of a list's values is enough for any_of",
    ],
    [{ field: "lead.tags", op: "all_of", value: ["vip", "x"] }, false, "all_of wants all"],
    [{ field: "lead.tags", op: "none_of", value: ["x"] }, true, "none_of wants none"],
    [{ field: "lead.tags", op: "contains", value: "fair" }, true, "contains looks into each value of a list"],
    [{ field: "lead.value.amount", op: "gte", value: 1500 }, true, "numbers are compared as numbers"],
    [{ field: "lead.score", op: "between", value: [10, 12] }, true, "between includes both ends"],
    [{ field: "lead.score", op: "gt", value: "9" }, true, "a number in a text is a number"],
    [
      { field: "lead.email", op: "not_equals", value: "a@b.c" },
      true,
      "negative operators are true on what is missing",
    ],
    [{ field: "lead.email", op: "gt", value: 1 }, false, "ordered comparisons are false on what is missing"],
    [{ field: "lead.email", op: "not_exists" }, true, "null does not exist"],
    [{ field: "lead.nothing.here", op: "is_empty" }, true, "a path that ends early is empty"],
    [
      { field: "lead.lastInboundAt", op: "within_last", value: "P2D" },
      true,
      "yesterday is within the last two days",
    ],
    [{ field: "lead.lastInboundAt", op: "older_than", value: "PT23H" }, true, "24 hours are older than 23"],
    [
      { field: "event.data.startsAt", op: "within_next", value: "P1D" },
      true,
      "tomorrow morning is within the next day",
    ],
    [{ field: "lead.doNotContact", op: "equals", value: false }, true, "false equals false"],
    [{ field: "lead.doNotContact", op: "equals", value: "false" }, false, "a boolean is not a text"],
    [{ field: "lead.constructor.name", op: "exists" }, false, "inherited properties lead nowhere"],
    [{ all: [] }, true, "an empty all is true"],
    [{ any: [] }, false, "an empty any is false"],
    [{ not: { field: "lead.status", op: "equals", value: "open" } }, false, "not turns it round"],
  ])("%j is %s: %s", (condition, expected, _why) => {
    expect(judge(condition)).toBe(expected);
  });

  it("leaves a trace of every leaf, also behind one that failed", () => {
    const { matched, trace } = evaluateCondition(
      conditionSchema.parse({
        all: [
          { field: "lead.status", op: "equals", value: "won" },
          { any: [{ field: "lead.score", op: "gt", value: 5 }] },
        ],
      }),
      scope,
      now,
    );
    expect(matched).toBe(false);
    expect(trace).toEqual([
      { field: "lead.status", op: "equals", expected: "won", actual: "open", passed: false },
      { field: "lead.score", op: "gt", expected: 5, actual: 12, passed: true },
    ]);
  });

  it.each([
    [{ field: "lead.status", op: "resembles", value: "x" }],
    [{ field: "lead.status", op: "in", value: "open" }],
    [{ field: "lead.status", op: "equals" }],
    [{ field: "lead.status", op: "exists", value: true }],
    [{ field: "lead.lastInboundAt", op: "within_last", value: "yesterday" }],
    [{ field: "process.env", op: "exists" }],
    [{ all: [], any: [] }],
  ])("refuses %j when it is saved", (condition) => {
    expect(conditionSchema.safeParse(condition).success).toBe(false);
  });
});
