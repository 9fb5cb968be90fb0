/** Every operator of the catalogue: when it is true, when it is false, and what it says of nothing and of what does not fit. */
import { conditionSchema, type Operator, operators } from "../../../src/contracts/condition.contract";
import { checkCondition, evaluateCondition } from "../../../src/lib/condition";
import { ruleFields } from "../../../src/services/saas/automation/rule.fields";

const now = new Date("2026-11-22T12:00:00.000Z");
const fields = ruleFields([{ key: "size", type: "number", options: null }]);

interface Row {
  readonly field: string;
  readonly value?: unknown;
  readonly trueFor: unknown;
  readonly falseFor: unknown;
  /** Of null, and of a field that is not there. */
  readonly ofNothing: boolean;
  /** A value that is none of the field's type, and what is said of it. */
  readonly ofWrong: readonly [unknown, boolean];
  /** What a rule with this operator is refused for when it is saved. */
  readonly refused: { readonly field?: string; readonly value?: unknown };
}

const size = "lead.custom.size";
const score = "lead.score";
const name = "lead.firstName";
const heard = "lead.lastInboundAt";
const tags = "lead.tags";
const noon = "2026-11-22T12:00:00.000Z";
const [before, behind] = ["2026-11-22T11:59:59.999Z", "2026-11-22T12:00:00.001Z"];
const dayBefore = "2026-11-21T11:59:59.000Z";
const ago = "2026-11-22T11:00:00.000Z";

const table: Readonly<Record<Operator, Row>> = {
  equals: {
    field: size,
    value: 5,
    trueFor: 5,
    falseFor: 6,
    ofNothing: false,
    ofWrong: ["five", false],
    refused: { value: "five" },
  },
  not_equals: {
    field: size,
    value: 5,
    trueFor: 6,
    falseFor: 5,
    ofNothing: true,
    ofWrong: ["five", true],
    refused: { value: "five" },
  },
  in: {
    field: size,
    value: [5, 6],
    trueFor: 6,
    falseFor: 7,
    ofNothing: false,
    ofWrong: ["five", false],
    refused: { value: 5 },
  },
  not_in: {
    field: size,
    value: [5, 6],
    trueFor: 7,
    falseFor: 6,
    ofNothing: true,
    ofWrong: ["five", true],
    refused: { value: ["five"] },
  },
  contains: {
    field: name,
    value: "AN",
    trueFor: "Joana",
    falseFor: "Bob",
    ofNothing: false,
    ofWrong: [42, false],
    refused: { field: size },
  },
  not_contains: {
    field: name,
    value: "an",
    trueFor: "Bob",
    falseFor: "Joana",
    ofNothing: true,
    ofWrong: [42, true],
    refused: { field: size },
  },
  starts_with: {
    field: name,
    value: "an",
    trueFor: "Ana",
    falseFor: "Joana",
    ofNothing: false,
    ofWrong: [42, false],
    refused: { field: heard },
  },
  ends_with: {
    field: name,
    value: "na",
    trueFor: "Joana",
    falseFor: "Nadia",
    ofNothing: false,
    ofWrong: [42, false],
    refused: { value: ["na"] },
  },
  gt: {
    field: size,
    value: 5,
    trueFor: 5.01,
    falseFor: 5,
    ofNothing: false,
    ofWrong: ["nine", false],
    refused: { field: name },
  },
  gte: {
    field: size,
    value: 5,
    trueFor: 5,
    falseFor: 4.99,
    ofNothing: false,
    ofWrong: ["nine", false],
    refused: { value: "nine" },
  },
  lt: {
    field: size,
    value: 5,
    trueFor: 4.99,
    falseFor: 5,
    ofNothing: false,
    ofWrong: ["one", false],
    refused: { field: tags },
  },
  lte: {
    field: size,
    value: 5,
    trueFor: 5,
    falseFor: 5.01,
    ofNothing: false,
    ofWrong: ["one", false],
    refused: { value: true },
  },
  between: {
    field: size,
    value: [5, 6],
    trueFor: 5,
    falseFor: 6.01,
    ofNothing: false,
    ofWrong: ["five", false],
    refused: { value: [5] },
  },
  before: {
    field: heard,
    value: noon,
    trueFor: before,
    falseFor: noon,
    ofNothing: false,
    ofWrong: ["soon", false],
    refused: { value: "soon" },
  },
  after: {
    field: heard,
    value: noon,
    trueFor: behind,
    falseFor: noon,
    ofNothing: false,
    ofWrong: ["soon", false],
    refused: { field: size },
  },
  on_or_before: {
    field: heard,
    value: noon,
    trueFor: noon,
    falseFor: behind,
    ofNothing: false,
    ofWrong: [true, false],
    refused: { value: true },
  },
  on_or_after: {
    field: heard,
    value: noon,
    trueFor: noon,
    falseFor: before,
    ofNothing: false,
    ofWrong: [true, false],
    refused: { value: [noon] },
  },
  within_last: {
    field: heard,
    value: "P1D",
    trueFor: ago,
    falseFor: dayBefore,
    ofNothing: false,
    ofWrong: ["soon", false],
    refused: { value: "a day" },
  },
  older_than: {
    field: heard,
    value: "P1D",
    trueFor: dayBefore,
    falseFor: ago,
    ofNothing: false,
    ofWrong: ["soon", false],
    refused: { field: name },
  },
  within_next: {
    field: heard,
    value: "P1D",
    trueFor: behind,
    falseFor: ago,
    ofNothing: false,
    ofWrong: ["soon", false],
    refused: { value: 1 },
  },
  exists: {
    field: size,
    trueFor: 0,
    falseFor: null,
    ofNothing: false,
    ofWrong: ["five", true],
    refused: { value: true },
  },
  not_exists: {
    field: size,
    trueFor: null,
    falseFor: 0,
    ofNothing: true,
    ofWrong: ["five", false],
    refused: { value: false },
  },
  is_empty: {
    field: name,
    trueFor: "  ",
    falseFor: "Ana",
    ofNothing: true,
    ofWrong: [42, false],
    refused: { value: "" },
  },
  is_not_empty: {
    field: tags,
    trueFor: ["vip"],
    falseFor: [],
    ofNothing: false,
    ofWrong: [42, true],
    refused: { value: [] },
  },
  any_of: {
    field: tags,
    value: ["vip", "new"],
    trueFor: ["old", "VIP"],
    falseFor: ["old"],
    ofNothing: false,
    ofWrong: [42, false],
    refused: { value: "vip" },
  },
  all_of: {
    field: tags,
    value: ["vip", "new"],
    trueFor: ["new", "VIP", "x"],
    falseFor: ["vip"],
    ofNothing: false,
    ofWrong: [42, false],
    refused: { field: size },
  },
  none_of: {
    field: tags,
    value: ["vip", "new"],
    trueFor: ["old"],
    falseFor: ["old", "vip"],
    ofNothing: true,
    ofWrong: [42, true],
    refused: { value: "vip" },
  },
  changed: {
    field: score,
    value: { to: 5 },
    trueFor: { from: 4, to: 5 },
    falseFor: { from: 5, to: 6 },
    ofNothing: false,
    ofWrong: [{ from: "four", to: "five" }, false],
    refused: { value: 5 },
  },
  increased: {
    field: score,
    trueFor: { from: 4, to: 5 },
    falseFor: { from: 5, to: 4 },
    ofNothing: false,
    ofWrong: [{ from: "four", to: "five" }, false],
    refused: { field: name },
  },
  decreased: {
    field: score,
    trueFor: { from: 5, to: 4 },
    falseFor: { from: 4, to: 5 },
    ofNothing: false,
    ofWrong: [{ from: "five", to: "four" }, false],
    refused: { field: tags },
  },
};

const ofChanges: ReadonlySet<Operator> = new Set(["changed", "increased", "decreased"]);

/** A lead that has this value, or of whose value the event tells this change. */
function scopeWith(op: Operator, field: string, value: unknown): Record<string, unknown> {
  const [, ...path] = field.split(".");
  const lead = path.reduceRight<unknown>((inner, part) => ({ [part]: inner }), value);
  return ofChanges.has(op)
    ? { lead: {}, changes: value === undefined || value === null ? {} : { [path.join(".")]: value } }
    : { lead: value === undefined ? {} : lead };
}

describe.each(operators)("%s", (op) => {
  const { field, value, trueFor, falseFor, ofNothing, ofWrong, refused } = table[op];
  const leaf = (more: object = {}) =>
    Object.fromEntries(
      Object.entries({ field, op, value, ...more }).filter(([, each]) => each !== undefined),
    );
  const judge = (actual: unknown) =>
    evaluateCondition(conditionSchema.parse(leaf()), scopeWith(op, field, actual), fields, now);
  const problems = (condition: unknown) => {
    const parsed = conditionSchema.safeParse(condition);
    return parsed.success ? checkCondition(parsed.data, fields) : parsed.error.issues;
  };

  it(`is true for ${JSON.stringify(trueFor)} and false for ${JSON.stringify(falseFor)}`, () => {
    expect(problems(leaf())).toEqual([]);
    expect([judge(trueFor).passed, judge(falseFor).passed]).toEqual([true, false]);
  });

  it(`is ${ofNothing} for null, and for what is not there`, () => {
    expect([judge(null).passed, judge(undefined).passed]).toEqual([ofNothing, ofNothing]);
  });

  it(`is ${ofWrong[1]} for ${JSON.stringify(ofWrong[0])}, which does not fit, and its trace says so`, () => {
    const { passed, trace } = judge(ofWrong[0]);
    expect(passed).toBe(ofWrong[1]);
    if (!ofChanges.has(op)) expect(trace).toMatchObject([{ mismatch: true }]);
  });

  it(`is refused with ${JSON.stringify(refused)} when it is saved`, () => {
    expect(problems(leaf(refused))).not.toEqual([]);
  });
});
