/** The GET handshake that Meta does with a callback address. Source: https://developers.facebook.com/docs/graph-api/webhooks/getting-started */
import { randomInt } from "node:crypto";

export type VerifyOutcome = { verified: true } | { verified: false; reason: string };

const timeoutMs = 10_000;

/** Asks the address for our challenge; only 200 with the challenge as the whole body will do. */
export async function verifyCallback(url: string, verifyToken: string): Promise<VerifyOutcome> {
  const challenge = String(randomInt(10 ** 9, 10 ** 10));
  const asked = new URL(url);
  asked.searchParams.set("hub.mode", "subscribe");
  asked.searchParams.set("hub.challenge", challenge);
  asked.searchParams.set("hub.verify_token", verifyToken);
  try {
    const response = await fetch(asked, { signal: AbortSignal.timeout(timeoutMs) });
    const text = await response.text();
    if (response.status !== 200)
      return { verified: false, reason: `the address answered ${response.status}` };
    if (text !== challenge) return { verified: false, reason: "the answer is not the challenge" };
    return { verified: true };
  } catch (cause) {
    return { verified: false, reason: cause instanceof Error ? cause.message : String(cause) };
  }
}
