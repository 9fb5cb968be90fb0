/** Which statuses follow a send, and single statuses by hand. */
import * as z from "zod";
import type { Graph } from "../graph.context";
import { parseControl, SimError } from "./sim.error";

const statusNames = ["sent", "delivered", "read", "played", "failed", "deleted", "warning"] as const;

const planSchema = z.strictObject({
  to: z.string().min(1).optional().describe("Phone or user id; [everybody without a plan of their own]"),
  steps: z
    .array(
      z.strictObject({
        status: z.enum(statusNames),
        afterMs: z.int().min(0).max(600_000).default(50),
        times: z.int().min(1).max(100).default(1),
        code: z.int().optional().describe("Meta's code, for failed"),
        beforeAnswer: z.boolean().default(false),
      }),
    )
    .max(50),
  batchMs: z.int().min(0).max(60_000).default(0),
});

/** `POST /_sim/statuses` */
export function planStatuses(graph: Graph, body: unknown): unknown {
  const { to, ...plan } = parseControl(planSchema, body);
  graph.statuses.setPlan(plan, to === undefined || /[A-Z]/i.test(to) ? to : to.replace(/\D/g, ""));
  return { to: to ?? "everybody", ...plan };
}

const sendSchema = z.strictObject({
  wamid: z.string().min(1),
  status: z.enum(statusNames),
  code: z.int().optional(),
  details: z.string().optional(),
  timestamp: z.int().min(0).optional().describe("Unix seconds; [now]"),
});

/** `POST /_sim/statuses/send` */
export async function sendStatus(graph: Graph, body: unknown): Promise<unknown> {
  const { wamid, status, code, details, timestamp } = parseControl(sendSchema, body);
  const message = graph.world.messages.get(wamid);
  if (!message) throw new SimError("No message with this wamid was accepted. See GET /_sim/state", 404);
  const delivery = await graph.statuses.emit(message, {
    status,
    timestamp: timestamp ?? graph.clock.nowSeconds(),
    code: status === "failed" ? (code ?? 131000) : code,
    details,
  });
  return { deliveries: [delivery] };
}
