import type { MiddlewareObj } from "@middy/core";
import { KeyRate } from "../../auth/key.rate";
import { env } from "../../env/env";
import { AppError } from "../../errors/app.error";
import type { EdgeRequest, EdgeResponse } from "../edge.request";

const burstSeconds = 2;
const mostKeys = 10_000;
const rates = new Map<string, KeyRate>();

/**
 * Limits each tenant key's requests (`API_RATE_PER_SECOND`, twice as many in a burst) and says so on every answer by the
 * `RateLimit` fields of draft-ietf-httpapi-ratelimit-headers. One key's flood leaves other keys alone.
 * @throws AppError rate-limited with Retry-After
 */
export function rateLimit(): MiddlewareObj<EdgeRequest, EdgeResponse> {
  return {
    async before({ event: edge }) {
      const ratePerSecond = env().API_RATE_PER_SECOND;
      if (!edge.tenant || ratePerSecond === 0) return;
      const burst = ratePerSecond * burstSeconds;
      const { allowed, remaining } = await rateOf(edge.tenant.keyId, { ratePerSecond, burst }).take();
      edge.rateHeaders = {
        "ratelimit-policy": `"key";q=${burst};w=${burstSeconds}`,
        ratelimit: `"key";r=${remaining};t=1`,
      };
      if (!allowed)
        throw new AppError(
          "rate-limited",
          `This key makes more than ${ratePerSecond} requests a second. Wait as Retry-After says, then go on more slowly.`,
          { retryAfterSeconds: 1 },
        );
    },
    after({ event: edge, response }) {
      if (response) Object.assign(response.headers, edge.rateHeaders);
    },
    onError({ event: edge, response }) {
      if (response) Object.assign(response.headers, edge.rateHeaders);
    },
  };
}

function rateOf(keyId: string, limit: { ratePerSecond: number; burst: number }): KeyRate {
  const known = rates.get(keyId);
  if (known) return known;
  // Forgetting all is harmless: the shared buckets know what was used.
  if (rates.size >= mostKeys) rates.clear();
  const rate = new KeyRate(keyId, limit);
  rates.set(keyId, rate);
  return rate;
}
