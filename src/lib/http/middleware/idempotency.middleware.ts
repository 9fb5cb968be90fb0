import type { MiddlewareObj } from "@middy/core";
import type { Context } from "aws-lambda";
import { keyedHash } from "../../crypto/keyed.hash";
import { AppError } from "../../errors/app.error";
import { withTenant } from "../../tenant/tenant.registry";
import type { EdgeRequest, EdgeResponse, VerifiedTenant } from "../edge.request";
import { releaseLease, storeAnswer, takeLease } from "../idempotency.store";
import { invalidRequest } from "../validation.problem";

/** Visible ASCII without the comma, by which doubled headers are joined. */
const keyPattern = /^[\x21-\x2b\x2d-\x7e]{1,255}$/;

/** The lease outlives the function by this much, so that it cannot end while the first request still works. */
const leaseMarginMs = 5_000;

/** Answers that say nothing about the request itself: the same key may be tried again. */
const isPassing = (status: number): boolean => status === 401 || status === 429 || status >= 500;

/**
 * `Idempotency-Key`: the first request with a key takes a lease, runs, and stores its answer for 24 hours; later ones
 * get that answer with `Idempotency-Replayed: true`. Keys count per client and route.
 */
export function idempotency(): MiddlewareObj<EdgeRequest, EdgeResponse> {
  return {
    async before({ event: edge, context }) {
      const key = edge.header("idempotency-key");
      const { tenant } = edge;
      if (key === undefined || !tenant || !edge.matched.route.idempotent) return;
      if (!keyPattern.test(key)) throw malformedKey();
      const { operationId } = edge.matched.route;
      const taken = await withTenant(
        tenant.clientCode,
        () =>
          takeLease(tenant.clientCode, {
            route: operationId,
            key,
            bodyHash: fingerprint(edge),
            leaseMs: remainingMs(context) + leaseMarginMs,
          }),
        { answerInTime: true },
      );
      if (taken.kind === "lease") edge.lease = taken;
      else
        edge.replay = {
          ...taken.answer,
          headers: { ...taken.answer.headers, "idempotency-replayed": "true" },
        };
    },
    async after({ event: edge, response }) {
      if (response) await settle(edge, response);
    },
    async onError({ event: edge, response, error }) {
      // A request that ran out of time may still be at work: its lease ends by itself.
      if (error instanceof AppError && error.code === "timed-out") return;
      if (response) await settle(edge, response);
    },
  };
}

async function settle(edge: EdgeRequest, response: EdgeResponse): Promise<void> {
  const { tenant, lease } = edge;
  if (!tenant || !lease) return;
  edge.lease = undefined;
  await withTenant(tenant.clientCode, () => storeOrRelease(tenant, lease, edge, response), {
    answerInTime: true,
  });
}

async function storeOrRelease(
  tenant: VerifiedTenant,
  lease: NonNullable<EdgeRequest["lease"]>,
  edge: EdgeRequest,
  response: EdgeResponse,
): Promise<void> {
  if (isPassing(response.statusCode)) await releaseLease(tenant.clientCode, lease);
  else await storeAnswer(tenant.clientCode, lease, response, edge.reply?.leadId);
}

/** Binds a key to one request: path, query and body, whatever the order of the body's fields. */
function fingerprint(edge: EdgeRequest): string {
  const { rawPath, rawQueryString } = edge.event;
  return keyedHash("idempotency", `${rawPath}\n${rawQueryString}\n${canonicalJson(edge.input?.json)}`);
}

function canonicalJson(value: unknown): string {
  return (
    JSON.stringify(value, (_key, part: unknown) =>
      typeof part === "object" && part !== null && !Array.isArray(part)
        ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)))
        : part,
    ) ?? ""
  );
}

function remainingMs(context: Context): number {
  return Math.max(0, context.getRemainingTimeInMillis());
}

function malformedKey(): AppError {
  return invalidRequest([
    {
      pointer: "/header/idempotency-key",
      code: "invalid-format",
      detail: "Must be 1 to 255 visible ASCII characters without commas, for example a UUID.",
    },
  ]);
}
