import { randomUUID } from "node:crypto";
import { mongo, Types } from "mongoose";
import type { ClientCode } from "../../contracts/common.contract";
import type { IdempotencyKeyRecord } from "../../model/saas/idempotency.key.schema";
import { now } from "../clock/clock";
import { AppError } from "../errors/app.error";
import { getCrmModels } from "../tenant/get.crm.model";
import type { EdgeResponse, IdempotencyLease } from "./edge.request";

const keepMs = 24 * 60 * 60_000;
const duplicateKeyCode = 11_000;

/** Headers of an answer that are given again with it. */
const keptHeaders = ["content-type", "etag", "location"];

export interface LeaseRequest {
  /** operationId of the route. */
  readonly route: string;
  readonly key: string;
  readonly bodyHash: string;
  readonly leaseMs: number;
}

export type LeaseOutcome =
  | ({ readonly kind: "lease" } & IdempotencyLease)
  | { readonly kind: "answer"; readonly answer: EdgeResponse };

/**
 * Takes the lease of an idempotency key, or finds the answer that was stored under it. One insert when the key is new.
 * A lease that ran out (its request died) and an answer older than 24 hours are taken over.
 * @throws AppError request-in-progress, idempotency-key-reused
 */
export async function takeLease(clientCode: ClientCode, request: LeaseRequest): Promise<LeaseOutcome> {
  const { IdempotencyKey } = await getCrmModels(clientCode);
  const row = leaseRow(request);
  try {
    await IdempotencyKey.create(row);
    return { kind: "lease", id: row._id, token: row.token, effectId: row.effectId };
  } catch (error) {
    if (!(error instanceof mongo.MongoServerError) || error.code !== duplicateKeyCode) throw error;
  }
  const found = await IdempotencyKey.findOne({ route: request.route, key: request.key }).lean();
  // Released between the insert and the look: whoever held it failed, and this request may come again.
  if (!found) throw inProgress(1);
  if (isOver(found)) return takeOver(clientCode, found, row);
  if (found.bodyHash !== request.bodyHash)
    throw new AppError(
      "idempotency-key-reused",
      "This Idempotency-Key was sent with another request before. Use a new key for a new request.",
    );
  if (found.state === "running") throw inProgress(waitSeconds(found));
  return { kind: "answer", answer: storedAnswer(found) };
}

/** Stores the answer for those who ask again; does nothing when the lease was lost meanwhile. */
export async function storeAnswer(
  clientCode: ClientCode,
  lease: IdempotencyLease,
  answer: EdgeResponse,
  leadId: string | undefined,
): Promise<void> {
  const { IdempotencyKey } = await getCrmModels(clientCode);
  const headers = Object.fromEntries(
    Object.entries(answer.headers).filter(([name]) => keptHeaders.includes(name)),
  );
  await IdempotencyKey.updateOne(
    { _id: lease.id, token: lease.token },
    {
      $set: {
        state: "done",
        status: answer.statusCode,
        headers,
        body: answer.body ?? null,
        leadId: leadId === undefined ? null : new Types.ObjectId(leadId),
      },
    },
  );
}

/**
 * Ends the lease without an answer, so that the caller may repeat the request. The row stays: a failure may have come
 * after the effect, which the repeated request must find.
 */
export async function releaseLease(clientCode: ClientCode, lease: IdempotencyLease): Promise<void> {
  const { IdempotencyKey } = await getCrmModels(clientCode);
  await IdempotencyKey.updateOne(
    { _id: lease.id, token: lease.token, state: "running" },
    { $set: { leaseUntil: now() } },
  );
}

function leaseRow(request: LeaseRequest): IdempotencyKeyRecord {
  const startedAt = now();
  return {
    _id: new Types.ObjectId(),
    route: request.route,
    key: request.key,
    bodyHash: request.bodyHash,
    state: "running",
    startedAt,
    leaseUntil: new Date(startedAt.getTime() + request.leaseMs),
    token: randomUUID(),
    effectId: new Types.ObjectId(),
    status: null,
    headers: {},
    body: null,
    leadId: null,
    // TTL indexes run on real time, whatever the stack's clock says.
    expireAt: new Date(Date.now() + keepMs),
  };
}

const isOld = ({ startedAt }: IdempotencyKeyRecord) => startedAt.getTime() + keepMs <= now().getTime();

function isOver(row: IdempotencyKeyRecord): boolean {
  return isOld(row) || (row.state === "running" && row.leaseUntil.getTime() <= now().getTime());
}

/** As long again as the first request has taken by now, which is soon for one that has just begun. */
function waitSeconds({ startedAt, leaseUntil }: IdempotencyKeyRecord): number {
  const time = now().getTime();
  return Math.min(time - startedAt.getTime(), leaseUntil.getTime() - time) / 1_000;
}

async function takeOver(
  clientCode: ClientCode,
  old: IdempotencyKeyRecord,
  row: IdempotencyKeyRecord,
): Promise<LeaseOutcome> {
  const { IdempotencyKey } = await getCrmModels(clientCode);
  const { _id, ...fresh } = row;
  // The same request goes on with what it may have brought about before; another one, or one a day later, is new.
  const same = !isOld(old) && old.bodyHash === row.bodyHash;
  const fields = same ? { ...fresh, effectId: old.effectId, startedAt: old.startedAt } : fresh;
  const result = await IdempotencyKey.updateOne(
    { _id: old._id, token: old.token, state: old.state },
    { $set: fields },
  );
  if (result.matchedCount === 0) throw inProgress(1);
  return { kind: "lease", id: old._id, token: row.token, effectId: fields.effectId };
}

function storedAnswer(row: IdempotencyKeyRecord): EdgeResponse {
  return {
    statusCode: row.status ?? 200,
    headers: { ...row.headers },
    ...(row.body === null ? {} : { body: row.body }),
  };
}

function inProgress(seconds: number): AppError {
  return new AppError(
    "request-in-progress",
    "A request with this Idempotency-Key is still running. Ask again when it has ended.",
    { retryAfterSeconds: Math.max(1, seconds) },
  );
}
