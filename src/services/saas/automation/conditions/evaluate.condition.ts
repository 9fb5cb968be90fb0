import type { Condition } from "../../../../contracts/condition.contract";
import { compare } from "./compare";
import { readPath } from "./read.path";

/** One leaf as it was judged: what a person needs to see why a rule did or did not start. */
export interface TraceLine {
  readonly field: string;
  readonly op: string;
  readonly expected: unknown;
  readonly actual: unknown;
  readonly passed: boolean;
}

export interface Verdict {
  readonly matched: boolean;
  readonly trace: readonly TraceLine[];
}

/** Judges a condition against plain data. Every leaf is judged, so that the trace is whole. Pure. */
export function evaluateCondition(
  condition: Condition,
  scope: Readonly<Record<string, unknown>>,
  now: Date,
): Verdict {
  const trace: TraceLine[] = [];
  const judge = (node: Condition): boolean => {
    if ("all" in node) return node.all.map(judge).every(Boolean);
    if ("any" in node) return node.any.map(judge).some(Boolean);
    if ("not" in node) return !judge(node.not);
    const actual = readPath(scope, node.field);
    const passed = compare({
      op: node.op,
      actual,
      expected: node.value,
      caseSensitive: node.caseSensitive ?? false,
      now,
    });
    trace.push({
      field: node.field,
      op: node.op,
      expected: node.value ?? null,
      actual: actual ?? null,
      passed,
    });
    return passed;
  };
  return { matched: judge(condition), trace };
}
