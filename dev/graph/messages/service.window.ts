/** The 24-hour customer service window, per person and business number. */
import type { Graph } from "../graph.context";
import type { Person } from "../state/person.directory";

const windowMs = 24 * 3_600_000;

/** True when this person's newest message to the number is 24 h old or there is none. */
export function outsideWindow(graph: Graph, phoneNumberId: string, person: Person): boolean {
  if (!graph.world.settings.enforceWindow) return false;
  const lastMs = person.lastInboundMs.get(phoneNumberId);
  return lastMs === undefined || graph.clock.nowMs() - lastMs >= windowMs;
}

/** Opens or prolongs the window; an older message never shortens it. */
export function noteInbound(person: Person, phoneNumberId: string, atMs: number): void {
  person.lastInboundMs.set(phoneNumberId, Math.max(atMs, person.lastInboundMs.get(phoneNumberId) ?? 0));
}
