import type { ClientCode } from "../../contracts/common.contract";
import type { PlatformContext } from "../../lib/context/tenant.context";
import { getCentralModels } from "../../lib/db/get.central.models";
import { AppError } from "../../lib/errors/app.error";
import { mintClientCode } from "../../lib/tenant/client.code";
import { auditPlatformAct, type PlatformAct } from "./platform.audit.service";

/**
 * The one way for admin routes and commands to act on a tenant: whoever comes here showed an admin key or has a
 * shell; the client exists; and the act is in the audit before it is done.
 * @throws AppError not-found when there is no such client.
 */
export async function admitToClient(
  ctx: PlatformContext,
  code: string,
  act: Pick<PlatformAct, "action" | "detail">,
): Promise<ClientCode> {
  const { Client } = await getCentralModels();
  const client = await Client.findOne({ clientCode: code }, { clientCode: 1 }).lean();
  if (!client) throw new AppError("not-found", "There is no client with this code.");
  await auditPlatformAct(ctx, { ...act, clientCode: client.clientCode });
  return mintClientCode(client.clientCode);
}
