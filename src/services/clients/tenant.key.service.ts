/**
 * A tenant's own API keys. Nobody gets more by this than they have: a key makes, replaces and revokes only keys that
 * may do no more than itself, and none that outlives it. Every act is in the platform's audit before it is done, and
 * in the tenant's log after it.
 */
import type { ClientSession } from "mongoose";
import type { ShownApiKey } from "../../contracts/client.contract";
import type { CreateTenantKey, TenantKey } from "../../contracts/tenant.key.contract";
import { forgetKeyLookups } from "../../lib/auth/key.lookup";
import type { TenantContext } from "../../lib/context/tenant.context";
import { inCentralTransaction } from "../../lib/db/central.connection";
import { getCentralModels } from "../../lib/db/get.central.models";
import { AppError } from "../../lib/errors/app.error";
import { isScope, type Scope } from "../../lib/http/define.route";
import { invalidRequest } from "../../lib/http/validation.problem";
import { commitChange } from "../../lib/tenant/commit.change";
import type { ApiKeyRecord } from "../../model/clients/client.schema";
import { toApiKeyView } from "./client.view";
import { mostWorkingKeys, newApiKey } from "./new.api.key";
import { auditPlatformAct } from "./platform.audit.service";

const hourMs = 60 * 60_000;
const managing: Scope = "keys:manage";

/** Every key of the tenant, the newest first. */
export async function listTenantKeys(ctx: TenantContext): Promise<TenantKey[]> {
  const keys = await keysOf(ctx);
  return keys.map((key) => toTenantKey(ctx, key)).reverse();
}

/**
 * Makes a key, shown once.
 * @throws AppError insufficient-scope for what the caller's own key may not, duplicate (names `keyId`) for the name of
 * a working key, validation-failed for an unknown scope or a bad end, invalid-state above the limit.
 */
export async function createTenantKey(ctx: TenantContext, input: CreateTenantKey): Promise<ShownApiKey> {
  const scopes = [...new Set(input.scopes)].map((scope, index) => {
    if (isScope(scope)) return scope;
    throw invalidRequest([{ pointer: `/scopes/${index}`, code: "invalid-value", detail: "is no scope" }]);
  });
  const { name } = input;
  return act(ctx, "create", { name, scopes }, async ({ own, keys, now, session }) => {
    requireWithin(own, scopes);
    const working = keys.filter((key) => isWorking(key, now));
    const twin = working.find((key) => key.name === name);
    if (twin)
      throw new AppError("duplicate", "A working key has this name already. Choose another.", {
        extensions: { keyId: twin.keyId },
      });
    if (working.length >= mostWorkingKeys) throw tooMany();
    const expiresAt = endOf(own, input.expiresAt, now);
    return addKey(ctx, session, { name, scopes, expiresAt, now });
  });
}

/**
 * Replaces a key by one that may do the same for as long; the old one works for `overlapHours` more.
 * @throws AppError not-found, insufficient-scope also for a key that outlives the caller's own, invalid-state for a key
 * that does not work any more
 */
export async function rotateTenantKey(
  ctx: TenantContext,
  keyId: string,
  overlapHours: number,
): Promise<ShownApiKey> {
  return act(ctx, "rotate", { keyId, overlapHours }, async ({ own, keys, now, session }) => {
    const old = oneOf(keys, keyId);
    requireWithin(own, old.scopes);
    if (!isWorking(old, now))
      throw invalidState("This key does not work any more. Create a new one instead.");
    requireNoLonger(own, old);
    const working = keys.filter((key) => isWorking(key, now));
    if (working.length - (overlapHours === 0 ? 1 : 0) >= mostWorkingKeys) throw tooMany();
    const end = new Date(now.getTime() + overlapHours * hourMs);
    if (old.expiresAt === null || old.expiresAt > end)
      await setOnKey(ctx, session, keyId, { expiresAt: end });
    const { name, expiresAt } = old;
    return addKey(ctx, session, { name, scopes: old.scopes.filter(isScope), expiresAt, now });
  });
}

/**
 * Makes a key useless, everywhere within 15 s. Repeating it changes nothing.
 * @throws AppError not-found, insufficient-scope, invalid-state for the last one that manages keys
 */
export async function revokeTenantKey(ctx: TenantContext, keyId: string): Promise<TenantKey> {
  const before = oneOf(await keysOf(ctx), keyId);
  if (before.revokedAt !== null) return toTenantKey(ctx, before);
  const revoked = await act(ctx, "revoke", { keyId }, async ({ own, keys, now, session }) => {
    const key = oneOf(keys, keyId);
    requireWithin(own, key.scopes);
    const managers = keys.filter(
      (each) => each.keyId !== keyId && isWorking(each, now) && each.scopes.includes(managing),
    );
    if (managers.length === 0)
      throw invalidState("This is the last key that manages keys. Create another one first.");
    await setOnKey(ctx, session, keyId, { revokedAt: now });
    return { ...key, revokedAt: now };
  });
  return toTenantKey(ctx, revoked);
}

interface Acting {
  /** The key of the request. */
  readonly own: ApiKeyRecord;
  readonly keys: readonly ApiKeyRecord[];
  readonly now: Date;
  readonly session: ClientSession;
}

async function act<T extends { keyId: string }>(
  ctx: TenantContext,
  action: "create" | "rotate" | "revoke",
  detail: Record<string, unknown>,
  body: (acting: Acting) => Promise<T>,
): Promise<T> {
  const { clientCode } = ctx;
  const now = ctx.now();
  await auditPlatformAct(ctx, { action: `tenant.key.${action}`, clientCode, detail });
  const result = await inCentralTransaction(async (session) => {
    const keys = await keysOf(ctx, session);
    const own = keys.find(({ keyId }) => keyId === ctx.actor.id);
    // Looked at anew: what let the request in may be 15 s old.
    if (!own || !isWorking(own, now))
      throw new AppError("insufficient-scope", "Only a working key of the tenant manages its keys.");
    return body({ own, keys, now, session });
  });
  forgetKeyLookups();
  await commitChange(ctx, async (change) => {
    change.record({
      type: "api_key_updated",
      subject: {},
      data: { ...detail, action, keyId: detail.keyId ?? result.keyId, madeKeyId: result.keyId },
    });
  });
  return result;
}

async function keysOf({ clientCode }: TenantContext, session?: ClientSession): Promise<ApiKeyRecord[]> {
  const { Client } = await getCentralModels();
  const client = await Client.findOne({ clientCode }, { apiKeys: 1 }, session ? { session } : {}).lean();
  return client?.apiKeys ?? [];
}

async function addKey(
  { clientCode }: TenantContext,
  session: ClientSession,
  wish: { name: string; scopes: readonly Scope[]; expiresAt: Date | null; now: Date },
): Promise<ShownApiKey> {
  const { row, shown } = newApiKey(wish);
  const { Client } = await getCentralModels();
  await Client.updateOne(
    { clientCode },
    {
      $push: { apiKeys: { ...row, expiresAt: wish.expiresAt } },
      $set: { updatedAt: wish.now },
      $inc: { version: 1 },
    },
    { session },
  );
  return { ...shown, expiresAt: wish.expiresAt?.toISOString() ?? null };
}

async function setOnKey(
  ctx: TenantContext,
  session: ClientSession,
  keyId: string,
  fields: { expiresAt: Date } | { revokedAt: Date },
): Promise<void> {
  const { Client } = await getCentralModels();
  const set = Object.fromEntries(
    Object.entries(fields).map(([name, value]) => [`apiKeys.$[old].${name}`, value]),
  );
  await Client.updateOne(
    { clientCode: ctx.clientCode },
    { $set: { ...set, updatedAt: ctx.now() }, $inc: { version: 1 } },
    { session, arrayFilters: [{ "old.keyId": keyId }] },
  );
}

function requireWithin(own: ApiKeyRecord, scopes: readonly string[]): void {
  const beyond = scopes.filter((scope) => !own.scopes.includes(scope));
  if (beyond.length === 0) return;
  const detail = `Your own key lacks ${beyond.join(", ")}, so it cannot give or take these.`;
  throw new AppError("insufficient-scope", detail);
}

/** Else a key that ends soon, or was replaced already, would be given one that stays. */
function requireNoLonger(own: ApiKeyRecord, old: ApiKeyRecord): void {
  if (own.expiresAt === null || (old.expiresAt !== null && old.expiresAt <= own.expiresAt)) return;
  throw new AppError(
    "insufficient-scope",
    "This key works for longer than your own, so yours cannot replace it. Use one without an earlier end.",
  );
}

function endOf(own: ApiKeyRecord, wish: string | undefined, now: Date): Date | null {
  if (wish === undefined) return own.expiresAt;
  const end = new Date(wish);
  const refuse = (detail: string) =>
    invalidRequest([{ pointer: "/expiresAt", code: "invalid-value", detail }]);
  if (end <= now) throw refuse("must lie ahead");
  if (own.expiresAt !== null && end > own.expiresAt)
    throw refuse("must not be after the end of your own key");
  return end;
}

function oneOf(keys: readonly ApiKeyRecord[], keyId: string): ApiKeyRecord {
  const key = keys.find((each) => each.keyId === keyId);
  if (!key) throw new AppError("not-found", "There is no such API key. Check the id.");
  return key;
}

function isWorking(key: ApiKeyRecord, now: Date): boolean {
  return key.revokedAt === null && (key.expiresAt === null || key.expiresAt > now);
}

function tooMany(): AppError {
  return invalidState(`A tenant has at most ${mostWorkingKeys} working keys. Revoke one first.`);
}

function toTenantKey(ctx: TenantContext, key: ApiKeyRecord): TenantKey {
  return { ...toApiKeyView(key), current: key.keyId === ctx.actor.id, working: isWorking(key, ctx.now()) };
}

function invalidState(detail: string): AppError {
  return new AppError("invalid-state", detail);
}
