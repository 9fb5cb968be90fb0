import type { ClientView } from "../../contracts/client.contract";
import type { PlatformContext } from "../../lib/context/tenant.context";
import { getCentralModels } from "../../lib/db/get.central.models";
import { AppError } from "../../lib/errors/app.error";
import { expireTenant } from "../../lib/tenant/tenant.registry";
import { admitToClient } from "./platform.gate";
import { getClient } from "./read.client.service";

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
      $set: {
        status: change.to,
        suspendedReason: change.reason,
        suspendedAt: change.to === "suspended" ? ctx.now() : null,
        updatedAt: ctx.now(),
      },
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
