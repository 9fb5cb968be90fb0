/** `GET /_sim/requests`: what was received, filtered by the query. */
import * as z from "zod";
import type { Graph } from "../graph.context";
import { parseControl } from "./sim.error";

const count = z.coerce.number().int().min(0);

const filterSchema = z.strictObject({
  method: z.string().optional(),
  path: z.string().optional(),
  to: z.string().optional(),
  status: z.string().optional(),
  after: count.optional(),
  limit: count.optional(),
});

export function listRequests(graph: Graph, query: URLSearchParams): unknown {
  return { requests: graph.requests.find(parseControl(filterSchema, Object.fromEntries(query))) };
}
