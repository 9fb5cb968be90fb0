/** Clients, the tenants of the platform: listed, shown, suspended and resumed. */
import { trusted } from "mongoose";
import type { ClientView } from "../../contracts/client.contract";
import type { PlatformContext } from "../../lib/context/tenant.context";
import { getCentralModels } from "../../lib/db/get.central.models";
import { AppError } from "../../lib/errors/app.error";
import { expireTenant } from "../../lib/tenant/tenant.registry";
import { toClientView } from "./client.view";
import { admitToClient } from "./platform.gate";

/**
 * Clients by code, `limit` of them behind `after`.
 * @returns one more than `limit` never; `more` tells whether there are.
 */
export async function listClients(page: {
  after?: string | undefined;
  limit: number;
}): Promise<{ clients: ClientView[]; more: boolean }> {
  const { Client, ClientDataSource } = await getCentralModels();
  const found = await Client.find(
    page.after === undefined ? {} : { clientCode: trusted({ $gt: page.after }) },
  )
    .sort({ clientCode: 1 })
    .limit(page.limit + 1)
    .lean();
  const clients = found.slice(0, page.limit);
  const codes = clients.map(({ clientCode }) => clientCode);
  const sources = await ClientDataSource.find({ clientCode: trusted({ $in: codes }) }).lean();
  const sourceOf = new Map(sources.map((source) => [source.clientCode, source]));
  return {
    clients: clients.map((client) => toClientView(client, sourceOf.get(client.clientCode) ?? null)),
    more: found.length > page.limit,
  };
}

/** @throws AppError not-found */
export async function getClient(code: string): Promise<ClientView> {
  const { Client, ClientDataSource } = await getCentralModels();
  const [client, source] = await Promise.all([
    Client.findOne({ clientCode: code }).lean(),
    ClientDataSource.findOne({ clientCode: code }).lean(),
  ]);
  if (!client) throw new AppError("not-found", "There is no client with this code.");
  return toClientView(client, source);
}

/**
 * Suspends a client: its keys answer 403 and its jobs wait, its webhooks are still stored. Felt everywhere within
 * 30 s. Repeating it changes nothing.
 * @throws AppError not-found, invalid-state when it is being set up or leaves.
 */
export async function suspendClient(
  ctx: PlatformContext,
  code: string,
  reason?: string,
): Promise<ClientView> {
  return setStatus(ctx, code, { from: "active", to: "suspended", reason: reason ?? null });
}

/** Takes a suspension back; its waiting jobs go on. @throws AppError not-found, invalid-state */
export async function resumeClient(ctx: PlatformContext, code: string): Promise<ClientView> {
  return setStatus(ctx, code, { from: "suspended", to: "active", reason: null });
}

async function setStatus(
  ctx: PlatformContext,
  code: string,
  change: { from: "active" | "suspended"; to: "active" | "suspended"; reason: string | null },
): Promise<ClientView> {
  const clientCode = await admitToClient(ctx, code, {
    action: change.to === "suspended" ? "client.suspend" : "client.resume",
    detail: change.reason === null ? {} : { reason: change.reason },
  });
  const { Client } = await getCentralModels();
  await Client.updateOne(
    { clientCode, status: change.from },
    {
      $set: { status: change.to, suspendedReason: change.reason, updatedAt: ctx.now() },
      $inc: { version: 1 },
    },
  );
  expireTenant(clientCode);
  const client = await getClient(clientCode);
  if (client.status !== change.to)
    throw new AppError(
      "invalid-state",
      `The client is ${client.status}, so it cannot become ${change.to} now.`,
    );
  return client;
}
