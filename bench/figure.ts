/** What a benchmark finds: one figure beside its own limit in the same run, and what is asked of it. */
import * as z from "zod";

const measureSchema = z.object({ value: z.number(), unit: z.string() });

const figureSchema = z.object({
  /** What was measured, in a few words. */
  what: z.string(),
  figure: measureSchema,
  /** The same work without us, in the same run: the bare driver, the bare binary. */
  limit: measureSchema.optional(),
  /** Ours over the limit's, 1 being as good as the limit. */
  ratio: z.number().optional(),
  /** What is asked of the ratio when there is one, else of the figure. */
  target: z
    .object({
      /** Whether more or less is better, e.g. a ratio or a size. */
      direction: z.enum(["at least", "at most"]),
      value: z.number(),
      /** What the best of the class reach. */
      best: z.number(),
      /** A gate fails the run. Times in ms hold for an idle machine, so they are reported only. */
      gated: z.boolean(),
    })
    .optional(),
});

export type Measure = z.infer<typeof measureSchema>;
export type Figure = z.infer<typeof figureSchema>;

/** What an area's process sends to the one that prints. */
export const reportSchema = z.object({ figures: z.array(figureSchema), notes: z.array(z.string()) });
export type Report = z.infer<typeof reportSchema>;

export type Verdict = "best of class" | "ok" | "MISSED" | "over its target" | "";

/** How a figure stands to what is asked of it; empty when nothing is. */
export function verdictOf({ figure, ratio, target }: Figure): Verdict {
  if (!target) return "";
  const value = ratio ?? figure.value;
  const reaches = (bound: number) => (target.direction === "at least" ? value >= bound : value <= bound);
  if (reaches(target.best)) return "best of class";
  if (reaches(target.value)) return "ok";
  return target.gated ? "MISSED" : "over its target";
}

/** A gate on the ratio or figure: at least `value`, and `best` for the best of the class. */
export const atLeast = (value: number, best: number) => ({
  direction: "at least" as const,
  value,
  best,
  gated: true,
});

/** A gate on the ratio or figure: at most `value`. */
export const atMost = (value: number, best: number) => ({
  direction: "at most" as const,
  value,
  best,
  gated: true,
});

/** A target for an idle machine: told, but it fails no run. */
export const aimsAt = (value: number, best: number) => ({ ...atMost(value, best), gated: false });
