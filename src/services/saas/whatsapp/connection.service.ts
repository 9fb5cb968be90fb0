/** The tenant's numbers, as the tenant sees them. */
import { type QueryFilter, Types } from "mongoose";
import type { Connection, ListConnections } from "../../../contracts/connection.contract";
import type { TenantContext } from "../../../lib/context/tenant.context";
import { type Page, pageOf } from "../../../lib/query/page";
import { getCrmModels } from "../../../lib/tenant/get.crm.model";
import type { ConnectionRecord } from "../../../model/saas/connection.schema";
import { notFound } from "../crm/crm.problem";
import { missingAtMeta } from "./missing.at.meta";

/** Numbers, the oldest first. @throws AppError invalid-cursor. */
export async function listConnections(ctx: TenantContext, query: ListConnections): Promise<Page<Connection>> {
  const { Connection } = await getCrmModels(ctx.clientCode);
  const filter: QueryFilter<ConnectionRecord> = query.state === undefined ? {} : { state: query.state };
  const page = await pageOf(ctx, Connection, { route: "listConnections", query, filter, sort: { _id: 1 } });
  return { ...page, data: page.data.map(toConnection) };
}

/** @throws AppError not-found. */
export async function getConnection(ctx: TenantContext, id: string): Promise<Connection> {
  const { Connection } = await getCrmModels(ctx.clientCode);
  const connection = await Connection.findById(new Types.ObjectId(id)).lean();
  if (!connection) throw notFound("WhatsApp number");
  return toConnection(connection);
}

function toConnection(record: ConnectionRecord): Connection {
  return {
    id: record._id.toHexString(),
    version: record.version,
    channel: record.channel,
    phoneNumberId: record.phoneNumberId,
    wabaId: record.wabaId,
    displayPhoneNumber: record.displayPhoneNumber,
    verifiedName: record.verifiedName,
    isDefault: record.isDefault,
    state: record.state,
    pausedReason: record.pausedReason,
    pausedAt: record.pausedAt?.toISOString() ?? null,
    disconnectedAt: record.disconnectedAt?.toISOString() ?? null,
    qualityRating: record.qualityRating,
    messagingLimit: record.messagingLimit ?? null,
    messagesPerSecond: record.messagesPerSecond ?? null,
    nameStatus: record.nameStatus ?? null,
    accountStatus: record.accountStatus ?? null,
    missing: record.state === "disconnected" ? [] : missingAtMeta(record),
    createdAt: record.createdAt.toISOString(),
    updatedAt: record.updatedAt.toISOString(),
  };
}
