import * as z from "zod";
import { defineControl } from "./control.step";

/** Ends the run. */
export const exitStep = defineControl({
  type: "exit",
  description: "End the run here.",
  jumps: true,
  blind: true,
  config: {
    reason: z.string().max(120).optional().meta({ description: "Shown in the run.", example: "done" }),
  },
  enter: async ({ reason }) => ({ kind: "end", status: "completed", exitReason: reason ?? null }),
});
