import type { Condition } from "../../contracts/condition.contract";
import { type ConditionFields, findField } from "./field";
import { expectedOf, type Leaf, nodeOf } from "./leaf";
import { conditionOperators } from "./operators";
import { readPath } from "./read.path";
import { fitsType, isMissing } from "./values";

/** One leaf as it was judged: what a person needs to see why a rule did or did not start. */
export interface TraceLine {
  readonly field: string;
  readonly op: string;
  readonly expected: unknown;
  readonly actual: unknown;
  readonly passed: boolean;
  /** Set when the value is none of the field's type, which makes every comparison false. */
  readonly mismatch?: true;
}

export interface Verdict {
  readonly passed: boolean;
  readonly trace: readonly TraceLine[];
}

/**
 * Judges a condition against plain data. Every leaf is judged, so that the trace is whole. A field that was
 * known when the condition was saved and is not any more counts by what stands there. Pure.
 */
export function evaluateCondition(
  condition: Condition,
  scope: Readonly<Record<string, unknown>>,
  fields: ConditionFields,
  now: Date,
): Verdict {
  const trace: TraceLine[] = [];
  const judge = (part: Condition): boolean => {
    const node = nodeOf(part);
    if (node.kind === "leaf") {
      const line = judgeLeaf(node.leaf, scope, fields, now);
      trace.push(line);
      return line.passed;
    }
    if (node.kind === "not") return !judge(node.part);
    const verdicts = node.parts.map(judge);
    return node.kind === "all" ? verdicts.every(Boolean) : verdicts.some(Boolean);
  };
  return { passed: judge(condition), trace };
}

function judgeLeaf(
  leaf: Leaf,
  scope: Readonly<Record<string, unknown>>,
  fields: ConditionFields,
  now: Date,
): TraceLine {
  const field = findField(fields, leaf.field) ?? { path: leaf.field, type: "any" };
  const { type } = field;
  const actual = readPath(scope, leaf.field);
  const expected = expectedOf(field, leaf);
  const passed = conditionOperators[leaf.op].evaluate({
    op: leaf.op,
    type,
    actual,
    expected: expected.value,
    caseSensitive: leaf.caseSensitive,
    now,
    change: changeOf(scope, leaf.field),
  });
  const mismatch = expected.unreadable || (!isMissing(actual) && !fitsType(type, actual));
  return {
    field: leaf.field,
    op: leaf.op,
    expected: leaf.value ?? null,
    actual: actual ?? null,
    passed,
    ...(mismatch ? { mismatch } : {}),
  };
}

/** What the event changed of a field: `changes.score` and `lead.score` are one, as is a part of a changed whole. */
function changeOf(
  scope: Readonly<Record<string, unknown>>,
  path: string,
): { from: unknown; to: unknown } | undefined {
  const [, name = "", ...rest] = path.split(".");
  const whole = readPath(scope, `changes.${name}`);
  if (typeof whole !== "object" || whole === null || !("from" in whole && "to" in whole)) return undefined;
  const part = (side: unknown): unknown => readPath({ side }, ["side", ...rest].join("."));
  const [from, to] = [part(whole.from), part(whole.to)];
  return JSON.stringify(from) === JSON.stringify(to) ? undefined : { from, to };
}
