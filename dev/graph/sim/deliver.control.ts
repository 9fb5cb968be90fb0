/** `POST /_sim/deliver`: signs and posts any payload, once, and says what the webhook answered. */
import * as z from "zod";
import type { Graph } from "../graph.context";
import { postWebhook } from "../webhooks/post.webhook";
import { webhookHeaders, webhookJson } from "../webhooks/webhook.json";
import { observeDelivered } from "./observe.delivered";
import { parseControl, SimError } from "./sim.error";

const deliverSchema = z
  .strictObject({
    body: z.unknown().optional().describe("Any JSON; written with \\u escapes, as Meta does"),
    bodyText: z
      .string()
      .optional()
      .describe("The exact text to send, for numbers and spacing JSON.parse would lose"),
    bodyBase64: z.base64().optional().describe("The exact bytes to send"),
    secret: z.string().optional().describe("[the app's]"),
    signature: z
      .string()
      .optional()
      .describe("The header's value instead of the right one; empty: no header"),
    headers: z.record(z.string(), z.string()).optional(),
    url: z.url().optional().describe("[the webhook address]"),
  })
  .refine(
    ({ body, bodyText, bodyBase64 }) =>
      [body, bodyText, bodyBase64].filter((given) => given !== undefined).length === 1,
    "needs exactly one of body, bodyText, bodyBase64",
  );

export async function deliver(graph: Graph, body: unknown): Promise<unknown> {
  const control = parseControl(deliverSchema, body);
  const url = control.url ?? graph.world.app.webhookUrl;
  if (url === undefined)
    throw new SimError("No webhook address is set. Give url, or call POST /_sim/webhook", 409);
  const bytes = bytesOf(control);
  const headers: Record<string, string> = {
    ...webhookHeaders(control.secret ?? graph.world.app.secret, bytes),
    ...control.headers,
  };
  if (control.signature === "") delete headers["x-hub-signature-256"];
  else if (control.signature !== undefined) headers["x-hub-signature-256"] = control.signature;
  observeDelivered(graph, bytes);
  const attempt = await postWebhook(url, bytes, headers, AbortSignal.any([]));
  return { ...attempt, bytes: bytes.length };
}

function bytesOf({ body, bodyText, bodyBase64 }: z.infer<typeof deliverSchema>): Buffer {
  if (bodyBase64 !== undefined) return Buffer.from(bodyBase64, "base64");
  return Buffer.from(bodyText ?? webhookJson(body));
}
