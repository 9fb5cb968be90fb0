/** A callback address of a WABA or number that replaces its app's. Meta verifies it before it accepts it. */
import * as z from "zod";
import { GraphError } from "../errors/graph.error";
import type { Graph } from "../graph.context";
import type { CallbackOverride } from "../state/world";
import { verifyCallback } from "../webhooks/verify.callback";

export const overrideSchema = z.looseObject({
  override_callback_uri: z.string().optional(),
  verify_token: z.string().optional(),
});

/** The override to store, or undefined to remove it. @throws GraphError 100 / 2200 when it cannot be verified */
export async function verifiedOverride(
  graph: Graph,
  given: z.infer<typeof overrideSchema>,
): Promise<CallbackOverride | undefined> {
  const url = given.override_callback_uri ?? "";
  if (url === "") return undefined;
  if (!URL.canParse(url) || !given.verify_token) {
    throw new GraphError(100, { details: "override_callback_uri must be a URL and come with verify_token" });
  }
  const outcome = await verifyCallback(url, given.verify_token);
  if (!outcome.verified) {
    throw new GraphError(2200, { message: `(#2200) Callback verification failed: ${outcome.reason}` });
  }
  graph.log({ event: "callback-override-verified" });
  return { url, verifyToken: given.verify_token };
}
