import { GraphError } from "../errors/graph.error";
import type { Graph } from "../graph.context";

const hourMs = 3_600_000;

/** Counts one management call of a WABA. @throws GraphError 80007 above the hourly limit, when one is set */
export function takeManagementCall(graph: Graph, wabaId: string): void {
  const limit = graph.world.settings.managementPerHour;
  if (limit === false) return;
  const nowMs = graph.clock.nowMs();
  const recent = (graph.world.managementCalls.get(wabaId) ?? []).filter((atMs) => atMs > nowMs - hourMs);
  if (recent.length >= limit) {
    throw new GraphError(80007, {
      message:
        "(#80007) There have been too many calls to this WhatsApp Business account. Wait a bit and try again.",
    });
  }
  graph.world.managementCalls.set(wabaId, [...recent, nowMs]);
}
