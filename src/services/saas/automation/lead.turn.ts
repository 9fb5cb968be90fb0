/**
 * What one lead's runs do goes one after the other. While a step runs, its own events are dispatched within it; the
 * runs that those start for the same lead wait until the run that caused them stands still.
 */
import { AsyncLocalStorage } from "node:async_hooks";

interface Turn {
  readonly leadId: string;
  readonly later: (() => Promise<void>)[];
}

const turns = new AsyncLocalStorage<Turn>();

/** Does the work now, or, inside a step of the same lead, behind that step's run. */
export async function inTurnOf(leadId: string, work: () => Promise<void>): Promise<void> {
  const turn = turns.getStore();
  if (turn?.leadId === leadId) turn.later.push(work);
  else await work();
}

/** Takes a run of the lead further, and then what waited behind it, in order. */
export async function withTurn<T>(leadId: string, work: () => Promise<T>): Promise<T> {
  const turn: Turn = { leadId, later: [] };
  const result = await turns.run(turn, work);
  for (let next = turn.later.shift(); next; next = turn.later.shift()) await turns.run(turn, next);
  return result;
}
