import * as z from "zod";
import { durationSchema, timestampInputSchema } from "../contracts/common.contract";
import { drainUntilIdle } from "../jobs/drain.until.idle";
import { ClockError, moveClock } from "../lib/clock/clock";
import type { EventDispatcher } from "../lib/context/tenant.context";
import { durationMs } from "../lib/duration/duration";
import { defineRoute, type Route } from "../lib/http/define.route";
import { invalidRequest } from "../lib/http/validation.problem";

const tag = "Local stack";
const drainLimitMs = 20_000;

const clockSchema = z
  .object({ now: z.iso.datetime().meta({ description: "The stack's clock." }) })
  .meta({ id: "LocalClock" });

const moveSchema = z.union([
  z.strictObject({ advance: durationSchema.meta({ example: "PT24H" }) }),
  z.strictObject({ set: timestampInputSchema }),
]);

/**
 * The controls of a developer's stack: its clock and its queue. Mounted in stage local only, where the clock can be
 * moved at all.
 * @param dispatch who hears of the events that drained jobs cause
 */
export function localRoutes(dispatch: EventDispatcher): readonly Route[] {
  return [
    defineRoute({
      operationId: "getLocalClock",
      method: "GET",
      path: "/local/clock",
      tag,
      summary: "Read the stack's clock",
      auth: { kind: "public" },
      input: {},
      output: { status: 200, description: "The clock.", body: clockSchema },
      problems: [],
      run: async ({ ctx }) => ({ body: { now: ctx.now().toISOString() } }),
    }),
    defineRoute({
      operationId: "moveLocalClock",
      method: "POST",
      path: "/local/clock",
      tag,
      summary: "Move the stack's clock forward",
      auth: { kind: "public" },
      input: { body: moveSchema },
      output: { status: 200, description: "The clock as it is now.", body: clockSchema },
      problems: ["validation-failed"],
      run: async ({ body }) => ({ body: { now: (await forward(body)).toISOString() } }),
    }),
    defineRoute({
      operationId: "drainLocalQueue",
      method: "POST",
      path: "/local/drain",
      tag,
      summary: "Run due jobs until none is left",
      description: "Also waits for jobs that run elsewhere; at most 20 s. Repeat until `done`.",
      auth: { kind: "public" },
      input: {},
      output: {
        status: 200,
        description: "What was run.",
        body: z.object({
          ran: z.number().int().meta({ description: "Attempts made by this call." }),
          done: z.boolean().meta({ description: "Nothing due is left." }),
        }),
      },
      problems: [],
      run: async () => ({ body: await drainUntilIdle({ dispatch, limitMs: drainLimitMs }) }),
    }),
  ];
}

async function forward(move: z.output<typeof moveSchema>): Promise<Date> {
  try {
    return await moveClock("set" in move ? { to: new Date(move.set) } : { byMs: durationMs(move.advance) });
  } catch (error) {
    if (!(error instanceof ClockError)) throw error;
    const pointer = "set" in move ? "/set" : "/advance";
    throw invalidRequest([{ pointer, code: "not-forward", detail: error.message }]);
  }
}
