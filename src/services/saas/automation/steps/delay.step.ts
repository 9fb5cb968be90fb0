import * as z from "zod";
import { durationSchema, offsetSchema } from "../../../../contracts/common.contract";
import { durationMs } from "../../../../lib/duration/duration";
import { AppError } from "../../../../lib/errors/app.error";
import { renderText } from "../render";
import type { RuleScope } from "../scope";
import { defineControl } from "./control.step";

/** Waits, counted from the moment the run reaches it, or until a time. */
export const delayStep = defineControl({
  type: "delay",
  description: "Wait for a while, or until a time.",
  config: {
    duration: durationSchema.optional().meta({ description: "Wait this long.", example: "PT5M" }),
    until: z.string().max(500).optional().meta({
      description: "Wait until this time; a variable or an RFC 3339 time.",
      example: "{{event.data.startsAt}}",
    }),
    offset: offsetSchema
      .optional()
      .meta({ description: "Moves `until`, e.g. -PT24H for a day before.", example: "-PT24H" }),
    ifPast: z
      .enum(["run", "skip_next", "exit"])
      .default("run")
      .meta({ description: "What to do when that time is over already." }),
  },
  oneOf: ["duration", "until"],
  check: ({ until, offset }) =>
    offset !== undefined && until === undefined ? [{ path: ["offset"], message: "goes with until" }] : [],
  async enter({ duration, until, offset, ifPast }, { scope, now }) {
    const time = duration
      ? new Date(now.getTime() + durationMs(duration))
      : await untilTime(until ?? "", offset, scope);
    if (time.getTime() > now.getTime())
      return { kind: "wait", wait: { kind: "delay", until: time, events: [], reason: null } };
    const reason = "past_due";
    if (ifPast === "exit") return { kind: "end", status: "exited", exitReason: reason, reason };
    return { kind: ifPast === "skip_next" ? "skip_next" : "next", reason };
  },
});

/** @throws AppError missing-variable when it does not render to a time. */
async function untilTime(until: string, offset: string | undefined, scope: RuleScope): Promise<Date> {
  const base = Date.parse(await renderText(until, scope));
  if (Number.isNaN(base))
    throw new AppError(
      "missing-variable",
      "`until` of a delay does not render to a time such as 2026-12-01T09:00:00Z.",
    );
  return new Date(base + (offset ? durationMs(offset) : 0));
}
