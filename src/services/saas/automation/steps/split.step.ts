import * as z from "zod";
import { fractionOf } from "../fraction";
import { jumpSchema } from "../step.id";
import { defineControl } from "./control.step";

/** Shares runs out by weight. A run always goes the same way. */
export const splitStep = defineControl({
  type: "split",
  description: "Share runs out over several ways, by weight.",
  jumps: true,
  blind: true,
  config: {
    paths: z
      .array(
        z.strictObject({
          weight: z.number().min(0).max(1_000_000).meta({ description: "Its share.", example: 50 }),
          goto: jumpSchema,
        }),
      )
      .min(2)
      .max(10)
      .meta({ description: "The ways, each with its share." }),
  },
  check: ({ paths }) =>
    paths.some(({ weight }) => weight > 0) ? [] : [{ path: ["paths"], message: "needs a weight above 0" }],
  targets: ({ paths }) => paths.map(({ goto }, index) => ({ path: ["paths", index, "goto"], to: goto })),
  async enter({ paths }, { run, stepId }) {
    const total = paths.reduce((sum, { weight }) => sum + weight, 0);
    const place = fractionOf(`${run._id.toHexString()}:${stepId}`) * total;
    let upTo = 0;
    const ends = paths.map(({ weight }) => {
      upTo += weight;
      return upTo;
    });
    const index = ends.findIndex((end) => place < end);
    const to = paths[index]?.goto;
    return to === undefined
      ? { kind: "next" }
      : { kind: "goto", stepId: to, output: { path: index, goto: to } };
  },
});
