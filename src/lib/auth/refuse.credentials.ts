import { setTimeout as sleep } from "node:timers/promises";
import { AppError } from "../errors/app.error";

/**
 * Every refusal leaves this long after the request came in: longer than a look-up takes, so that the time does not
 * tell a missing key from an unknown one, or from one that is right but belongs to another client.
 */
const refusalAfterMs = 40;

/**
 * Answers every kind of wrong credentials alike: same words, same time.
 * @param elapsedMs since the request came in
 * @throws AppError invalid-credentials, always
 */
export async function refuseCredentials(elapsedMs: number): Promise<never> {
  await sleep(Math.max(0, refusalAfterMs - elapsedMs));
  throw new AppError(
    "invalid-credentials",
    "The request does not carry valid credentials. Tenant routes need x-api-key and x-client-code of the same client, each once; admin routes need x-admin-key.",
    // RFC 9110 11.6.1 wants a challenge with every 401; this one makes no browser ask for a password.
    { headers: { "www-authenticate": 'ApiKey realm="ecod"' } },
  );
}
