import { Types, trusted } from "mongoose";
import type { TenantContext } from "../../../lib/context/tenant.context";
import { AppError } from "../../../lib/errors/app.error";
import { commitChange } from "../../../lib/tenant/commit.change";
import { getCrmModels } from "../../../lib/tenant/get.crm.model";
import {
  GraphCallError,
  listNumberIds,
  type NumberInfo,
  readNumber,
  subscribeApp,
} from "../../../lib/whatsapp/graph.client";
import { tokenSecretName } from "../../../lib/whatsapp/token.name";
import type { ConnectionRecord } from "../../../model/saas/connection.schema";
import { bindChannelRoute, type RouteKey, readChannelRoute } from "../../clients/data.source.service";
import { writeSecret } from "../../clients/secret.service";
import { defaultEndpointId, requireEndpoint } from "./endpoint.service";
import { missingAtMeta } from "./missing.at.meta";
import { closeTokenAlert, wakeSends } from "./pause.connection";
import { enqueueReplay } from "./quarantine.service";
import { requestTemplateSync } from "./request.template.sync";

export interface NumberToConnect {
  readonly phoneNumberId: string;
  readonly wabaId: string;
  /** Access token with whatsapp_business_messaging and whatsapp_business_management. */
  readonly token: string;
  /** The Meta app that delivers its webhooks. Default: the platform's own. */
  readonly endpointId?: string | undefined;
}

export interface ConnectedNumber {
  readonly connectionId: string;
  readonly displayPhoneNumber: string;
  readonly verifiedName: string | null;
  readonly isDefault: boolean;
  /** What Meta still wants before the number works in full, in sentences for a person; empty when nothing. */
  readonly missing: readonly string[];
}

/**
 * Connects a WhatsApp number: Meta confirms with this very token that number and account belong together, the token
 * is sealed, webhooks of both are bound to the tenant and subscribed, and the templates are read. Doing it again, with
 * the same or a new token, is how a paused number is taken up again.
 * @throws AppError invalid-reference when Meta does not confirm it, duplicate when another tenant has the number,
 * service-unavailable when Meta does not answer.
 */
export async function connectNumber(
  ctx: TenantContext,
  { phoneNumberId, wabaId, token, endpointId = defaultEndpointId }: NumberToConnect,
): Promise<ConnectedNumber> {
  await requireEndpoint(ctx.clientCode, endpointId);
  const info = await confirmWithMeta(phoneNumberId, wabaId, token);
  const { clientCode } = ctx;
  const routeKeys: readonly RouteKey[] = [`pn:${phoneNumberId}`, `waba:${wabaId}`];
  for (const routeKey of routeKeys) await refuseIfTaken(ctx, routeKey);
  const siblings = await otherNumbers(ctx, wabaId, phoneNumberId);
  // Numbers of one account are told of by one app.
  for (const routeKey of [...routeKeys, ...siblings])
    await bindChannelRoute(ctx, { routeKey, clientCode, endpointId });
  await writeSecret(clientCode, tokenSecretName(phoneNumberId), token);
  const connection = await storeConnection(ctx, phoneNumberId, wabaId, info);
  await subscribeApp({ token, wabaId }).catch(notConfirmed);
  await closeTokenAlert(clientCode, connection._id);
  await wakeSends(ctx, connection._id);
  await requestTemplateSync(ctx, connection._id, 0);
  // What came for the number before it was connected is waiting in quarantine.
  await enqueueReplay(clientCode, ctx.requestId, 0);
  return {
    connectionId: connection._id.toHexString(),
    displayPhoneNumber: connection.displayPhoneNumber,
    verifiedName: connection.verifiedName,
    isDefault: connection.isDefault,
    missing: missingAtMeta(info),
  };
}

/** Looked at before anything is bound, so that a refusal leaves nothing half done. */
async function refuseIfTaken({ clientCode }: TenantContext, routeKey: RouteKey): Promise<void> {
  const owner = await readChannelRoute(routeKey);
  if (owner === null || owner === clientCode) return;
  throw new AppError(
    "duplicate",
    `${routeKey.startsWith("pn:") ? "This number" : "This WhatsApp account"} is connected to another client already. Disconnect it there first.`,
  );
}

async function otherNumbers(ctx: TenantContext, wabaId: string, phoneNumberId: string): Promise<RouteKey[]> {
  const { Connection } = await getCrmModels(ctx.clientCode);
  const others = await Connection.find({
    wabaId,
    phoneNumberId: trusted({ $ne: phoneNumberId }),
    state: trusted({ $ne: "disconnected" }),
  }).lean();
  return others.map((other): RouteKey => `pn:${other.phoneNumberId}`);
}

async function confirmWithMeta(phoneNumberId: string, wabaId: string, token: string): Promise<NumberInfo> {
  const info = await readNumber({ token, phoneNumberId }).catch(notConfirmed);
  const ids = await listNumberIds({ token, wabaId }).catch(notConfirmed);
  if (ids.includes(phoneNumberId)) return info;
  throw new AppError(
    "invalid-reference",
    "This WhatsApp account does not have this number. Check both ids in Meta's WhatsApp Manager.",
  );
}

function notConfirmed(error: unknown): never {
  if (!(error instanceof GraphCallError)) throw error;
  if (error.fault) {
    throw new AppError(
      "invalid-reference",
      `Meta does not confirm it (code ${error.fault.code}). Check the token, its permissions and the ids.`,
      { cause: error },
    );
  }
  throw new AppError("service-unavailable", "Meta does not answer. Try again in a minute.", {
    cause: error,
    retryAfterSeconds: 60,
  });
}

async function storeConnection(
  ctx: TenantContext,
  phoneNumberId: string,
  wabaId: string,
  info: NumberInfo,
): Promise<ConnectionRecord> {
  return commitChange(ctx, async ({ models, session, now }) => {
    const { Connection } = models;
    const fields = {
      wabaId,
      displayPhoneNumber: info.displayPhoneNumber,
      verifiedName: info.verifiedName,
      qualityRating: info.qualityRating,
      nameStatus: info.nameStatus,
      codeVerification: info.codeVerification,
      platform: info.platform,
      messagingLimit: info.messagingLimit,
      messagesPerSecond: info.messagesPerSecond,
      state: "active" as const,
      pausedReason: null,
      pausedAt: null,
      disconnectedAt: null,
      updatedAt: now,
    };
    const known = await Connection.findOneAndUpdate(
      { phoneNumberId },
      { $set: fields, $inc: { version: 1 } },
      { session, returnDocument: "after" },
    ).lean();
    if (known) return known;
    const others = await Connection.exists({ state: trusted({ $ne: "disconnected" }) }).session(session);
    const connection: ConnectionRecord = {
      _id: new Types.ObjectId(),
      version: 1,
      createdAt: now,
      channel: "whatsapp",
      phoneNumberId,
      isDefault: others === null,
      ...fields,
    };
    await Connection.insertMany([connection], { session });
    return connection;
  });
}
