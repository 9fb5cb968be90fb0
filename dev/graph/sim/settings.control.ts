/** The small switches: settings, tokens, clock, webhook address. */
import * as z from "zod";
import type { Graph } from "../graph.context";
import { metaPairLimit, settingsSchema } from "../state/settings";
import { verifyCallback } from "../webhooks/verify.callback";
import { parseControl, SimError } from "./sim.error";

const changeSchema = settingsSchema
  .extend({ pairLimit: z.union([settingsSchema.shape.pairLimit, z.literal(true)]) })
  .partial();

/** `POST /_sim/settings`; `pairLimit: true` means Meta's own figures. */
export function changeSettings(graph: Graph, body: unknown): unknown {
  const { pairLimit, ...others } = parseControl(changeSchema, body);
  Object.assign(graph.world.settings, others);
  if (pairLimit !== undefined)
    graph.world.settings.pairLimit = pairLimit === true ? metaPairLimit : pairLimit;
  return graph.world.settings;
}

const tokenSchema = z.strictObject({ phoneNumberId: z.string(), valid: z.boolean() });

/** `POST /_sim/tokens`: revokes the token of a number, or gives it back; nobody needs to write it down for that. */
export function changeToken(graph: Graph, body: unknown): unknown {
  const { phoneNumberId, valid } = parseControl(tokenSchema, body);
  const number = graph.world.numbers.get(phoneNumberId);
  if (!number) throw new SimError(`There is no number ${phoneNumberId}`, 404);
  if (valid) graph.world.revokedTokens.delete(number.token);
  else graph.world.revokedTokens.add(number.token);
  return { phoneNumberId, valid };
}

const clockSchema = z.strictObject({ offsetMs: z.int() });

/** `POST /_sim/clock`: our time is the given clock's, or the machine's, plus this. */
export function setClock(graph: Graph, body: unknown): unknown {
  graph.clock.offsetMs = parseControl(clockSchema, body).offsetMs;
  return { now: graph.clock.now().toISOString(), offsetMs: graph.clock.offsetMs };
}

const webhookSchema = z.strictObject({ url: z.url(), verify: z.boolean().default(false) });

/** `POST /_sim/webhook`: sets the app's address, after Meta's GET handshake if asked. */
export async function setWebhook(graph: Graph, body: unknown): Promise<unknown> {
  const { url, verify } = parseControl(webhookSchema, body);
  if (verify) {
    const outcome = await verifyCallback(url, graph.world.app.verifyToken);
    if (!outcome.verified) throw new SimError(`The address was not verified: ${outcome.reason}`, 409);
  }
  graph.world.app.webhookUrl = url;
  return { url, verified: verify };
}
