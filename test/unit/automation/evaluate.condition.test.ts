import {
  conditionSchema,
  maxConditionDepth,
  maxConditionNodes,
} from "../../../src/contracts/condition.contract";
import { checkCondition, evaluateCondition } from "../../../src/lib/condition";
import { ruleFields } from "../../../src/services/saas/automation/rule.fields";

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
  changes: { score: { from: 5, to: 12 }, ownerId: { from: "ana", to: null } },
};
const fields = ruleFields([
  { key: "plan", type: "select", options: ["gold", "silver"] },
  { key: "size", type: "number", options: null },
  { key: "born", type: "date", options: null },
]);
const judge = (condition: unknown): boolean =>
  evaluateCondition(conditionSchema.parse(condition), scope, fields, now).passed;

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
    const { passed, trace } = evaluateCondition(
      conditionSchema.parse({
        all: [
          { field: "lead.status", op: "equals", value: "won" },
          { any: [{ field: "lead.score", op: "gt", value: 5 }] },
        ],
      }),
      scope,
      fields,
      now,
    );
    expect(passed).toBe(false);
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

  it.each([
    [{ field: "lead.custom.size", op: "equals", value: 3 }, false],
    [{ field: "lead.custom.size", op: "not_equals", value: 3 }, true],
    [{ field: "lead.custom.size", op: "lt", value: 3 }, false],
  ])("a value of another type than its field's makes %j %s and marks the trace", (condition, expected) => {
    const odd = { lead: { custom: { size: "three" } } };
    const { passed, trace } = evaluateCondition(conditionSchema.parse(condition), odd, fields, now);
    expect([passed, trace[0]?.mismatch]).toEqual([expected, true]);
  });

  it.each([
    [{ field: "lead.score", op: "changed" }, true],
    [{ field: "lead.score", op: "changed", value: { from: 5, to: 12 } }, true],
    [{ field: "lead.score", op: "changed", value: { to: 13 } }, false],
    [{ field: "lead.ownerId", op: "changed", value: { from: "ana", to: null } }, true],
    [{ field: "lead.status", op: "changed" }, false],
    [{ field: "changes.score", op: "increased" }, true],
    [{ field: "lead.score", op: "decreased" }, false],
    [{ field: "lead.status", op: "increased" }, false],
  ])("what the event changed decides %j: %s", (condition, expected) => {
    expect(judge(condition)).toBe(expected);
  });

  it.each([
    [{ field: "lead.custom.born", op: "before", value: "2000-01-01" }, true],
    [{ field: "lead.custom.born", op: "on_or_after", value: "1990-05-17" }, true],
    [{ field: "lead.custom.born", op: "older_than", value: "P12W" }, true],
  ])("days are compared as days: %j is %s", (condition, expected) => {
    const scopeWithDay = { lead: { custom: { born: "1990-05-17" } } };
    expect(evaluateCondition(conditionSchema.parse(condition), scopeWithDay, fields, now).passed).toBe(
      expected,
    );
  });

  it.each([
    [
      "a field that does not exist",
      { field: "lead.scor", op: "gt", value: 1 },
      "/field",
      /Did you mean lead\.score\?/,
    ],
    [
      "a custom field nobody declared",
      { field: "lead.custom.plann", op: "exists" },
      "/field",
      /lead\.custom\.plan/,
    ],
    ["an operator that does not fit", { field: "lead.score", op: "starts_with", value: "1" }, "/op", /gte/],
    ["a value of another type", { field: "lead.score", op: "gt", value: "many" }, "/value", /a number/],
    [
      "an option there is not",
      { field: "lead.status", op: "equals", value: "opn" },
      "/value",
      /Did you mean open/,
    ],
    [
      "an option of a custom field",
      { field: "lead.custom.plan", op: "in", value: ["gold", "tin"] },
      "/value",
      /gold/,
    ],
    ["a time that is none", { field: "lead.createdAt", op: "after", value: "soon" }, "/value", /time/],
  ])("is refused for %s", (_what, leaf, place, detail) => {
    const condition = conditionSchema.parse({ all: [{ not: leaf }] });
    expect(checkCondition(condition, fields, { pointer: "/conditions" })).toEqual([
      {
        pointer: `/conditions/all/0/not${place}`,
        code: expect.any(String),
        detail: expect.stringMatching(detail),
      },
    ]);
  });

  it("names the place of a wrong operator and the one that was meant", () => {
    const refused = conditionSchema.safeParse({
      any: [{ field: "lead.tags", op: "starts_wit", value: "x" }],
    });
    expect(refused.error?.issues).toEqual([
      expect.objectContaining({
        path: ["any", 0, "op"],
        message: "is no operator; did you mean starts_with?",
      }),
    ]);
  });

  it("refuses what is too deep or too large before it walks it", () => {
    const leaf: unknown = { field: "lead.status", op: "exists" };
    const nested = (depth: number) =>
      Array.from({ length: depth }).reduce<unknown>((inner) => ({ not: inner }), leaf);
    expect(conditionSchema.safeParse(nested(maxConditionDepth - 1)).success).toBe(true);
    expect(conditionSchema.safeParse(nested(maxConditionDepth)).success).toBe(false);
    expect(conditionSchema.safeParse(nested(100_000)).success).toBe(false);
    const wide = { all: Array.from({ length: 10 }, () => ({ any: Array.from({ length: 20 }, () => leaf) })) };
    expect(wide.all.length * 21 + 1).toBeGreaterThan(maxConditionNodes);
    expect(conditionSchema.safeParse(wide).success).toBe(false);
  });
});
