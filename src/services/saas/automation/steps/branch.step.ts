import * as z from "zod";
import { conditionSchema } from "../../../../contracts/condition.contract";
import type { TraceLine } from "../../../../lib/condition";
import { judgeCondition } from "../rule.fields";
import { jumpSchema } from "../step.id";
import { defineControl } from "./control.step";

/** Goes where the first case that fits says; else to `else`, or on to the next step. */
export const branchStep = defineControl({
  type: "branch",
  description: "Go to the step of the first case that fits.",
  jumps: true,
  config: {
    cases: z
      .array(z.strictObject({ when: conditionSchema, goto: jumpSchema }))
      .min(1)
      .max(20)
      .meta({ description: "Asked in this order." }),
    else: jumpSchema.optional().meta({ description: "When no case fits; the next step when absent." }),
  },
  targets: ({ cases, else: otherwise }) => [
    ...cases.map(({ goto }, index) => ({ path: ["cases", index, "goto"], to: goto })),
    ...(otherwise === undefined ? [] : [{ path: ["else"], to: otherwise }]),
  ],
  async enter({ cases, else: otherwise }, { scope, now }) {
    const trace: TraceLine[] = [];
    for (const [index, { when, goto }] of cases.entries()) {
      const verdict = judgeCondition(when, scope, now);
      trace.push(...verdict.trace);
      if (verdict.passed) return { kind: "goto", stepId: goto, trace, output: { case: index, goto } };
    }
    const output = { case: null, goto: otherwise ?? null };
    return otherwise === undefined
      ? { kind: "next", trace, output }
      : { kind: "goto", stepId: otherwise, trace, output };
  },
});
