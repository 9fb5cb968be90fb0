/** A client's API keys: replaced with an overlap, revoked at once. */
import { trusted } from "mongoose";
import type { ClientView, RotateKey, ShownApiKey } from "../../contracts/client.contract";
import { forgetKeyLookups } from "../../lib/auth/key.lookup";
import type { PlatformContext } from "../../lib/context/tenant.context";
import { inCentralTransaction } from "../../lib/db/central.connection";
import { getCentralModels } from "../../lib/db/get.central.models";
import { AppError } from "../../lib/errors/app.error";
import { scopes as everyScope, isScope, type Scope } from "../../lib/http/define.route";
import type { ApiKeyRecord } from "../../model/clients/client.schema";
import { mostWorkingKeys, newApiKey } from "./new.api.key";
import { admitToClient } from "./platform.gate";
import { getClient } from "./read.client.service";

const hourMs = 60 * 60_000;

/**
 * Makes a new key for a client and lets those it replaces work for `overlapHours` more. Shown once.
 * @param scopes what it may do; absent: what the replaced keys may, or everything when it replaces none.
 * @throws AppError not-found, invalid-reference when a key to replace does not work any more, invalid-state when the
 *   client is being set up or would have more than twenty working keys.
 */
export async function rotateKey(
  ctx: PlatformContext,
  code: string,
  input: RotateKey,
  scopes?: readonly Scope[],
): Promise<ShownApiKey> {
  const clientCode = await admitToClient(ctx, code, {
    action: "client.key.rotate",
    detail: { overlapHours: input.overlapHours, replaces: input.replaces ?? "all" },
  });
  const now = ctx.now();
  const shown = await inCentralTransaction(async (session) => {
    const { Client } = await getCentralModels();
    const client = await Client.findOne({ clientCode }, null, { session }).lean();
    if (client?.status !== "active" && client?.status !== "suspended")
      throw new AppError("invalid-state", "The client is being set up or leaves; it gets no further keys.");
    const working = client.apiKeys.filter((key) => isWorking(key, now));
    const replaced = keysToReplace(working, input.replaces);
    if (working.length - (input.overlapHours === 0 ? replaced.length : 0) >= mostWorkingKeys)
      throw new AppError(
        "invalid-state",
        `A client has at most ${mostWorkingKeys} working keys. Revoke one, or replace with an overlap of 0 hours.`,
      );

    const inherited = [...new Set(replaced.flatMap((key) => key.scopes))].filter(isScope);
    const made = newApiKey({
      name: input.name,
      scopes: scopes ?? (replaced.length > 0 ? inherited : everyScope),
      now,
    });
    const end = new Date(now.getTime() + input.overlapHours * hourMs);
    const ending = replaced.filter(({ expiresAt }) => expiresAt === null || expiresAt > end);
    if (ending.length > 0)
      await Client.updateOne(
        { clientCode },
        { $set: { "apiKeys.$[old].expiresAt": end } },
        { session, arrayFilters: [{ "old.keyId": trusted({ $in: ending.map(({ keyId }) => keyId) }) }] },
      );
    await Client.updateOne(
      { clientCode },
      { $push: { apiKeys: made.row }, $set: { updatedAt: now }, $inc: { version: 1 } },
      { session },
    );
    return made.shown;
  });
  forgetKeyLookups();
  return shown;
}

/** Makes a key useless, everywhere within 15 s. Repeating it changes nothing. @throws AppError not-found */
export async function revokeKey(ctx: PlatformContext, code: string, keyId: string): Promise<ClientView> {
  const clientCode = await admitToClient(ctx, code, { action: "client.key.revoke", detail: { keyId } });
  const { Client } = await getCentralModels();
  const known = await Client.findOne({ clientCode, "apiKeys.keyId": keyId }, { _id: 1 }).lean();
  if (!known) throw new AppError("not-found", "This client has no key with this id.");
  await Client.updateOne(
    { clientCode, apiKeys: trusted({ $elemMatch: { keyId, revokedAt: null } }) },
    { $set: { "apiKeys.$.revokedAt": ctx.now(), updatedAt: ctx.now() }, $inc: { version: 1 } },
  );
  forgetKeyLookups();
  return getClient(clientCode);
}

function keysToReplace(working: readonly ApiKeyRecord[], ids: readonly string[] | undefined): ApiKeyRecord[] {
  if (ids === undefined) return [...working];
  const chosen = working.filter(({ keyId }) => ids.includes(keyId));
  if (chosen.length < new Set(ids).size)
    throw new AppError("invalid-reference", "A key to replace is not one of this client's working keys.", {
      errors: [{ pointer: "/replaces", code: "invalid-reference", detail: "names a key that does not work" }],
    });
  return chosen;
}

function isWorking(key: ApiKeyRecord, now: Date): boolean {
  return key.revokedAt === null && (key.expiresAt === null || key.expiresAt > now);
}
