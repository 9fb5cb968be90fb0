import type { MiddlewareObj } from "@middy/core";
import { clientCodeSchema } from "../../contracts/common.contract";
import { now } from "../clock/clock";
import { AppError } from "../errors/app.error";
import { isScope } from "../http/define.route";
import type { EdgeRequest, EdgeResponse, VerifiedTenant } from "../http/edge.request";
import { mintClientCode } from "../tenant/client.code";
import { parseApiKey, verifyApiKeySecret } from "./api.key";
import { findTenantKey, type TenantKey } from "./key.lookup";
import { noteKeyUse } from "./note.key.use";
import { refuseCredentials } from "./refuse.credentials";

/**
 * Proves that a request may act for a tenant: `x-api-key` and `x-client-code`, always both, of the same active client,
 * with the scope that the route asks for. Leaves the branded client code on the request.
 * @throws AppError invalid-credentials (one answer for everything wrong), client-suspended, insufficient-scope
 */
export function verifyCoreToken(): MiddlewareObj<EdgeRequest, EdgeResponse> {
  return {
    async before({ event: edge }) {
      const { auth } = edge.matched.route;
      if (auth.kind !== "tenant") return;
      const found = await verifiedKey(edge.header("x-api-key"), edge.header("x-client-code"));
      if (!found) return refuseCredentials(edge.elapsedMs());
      edge.tenant = tenantOf(found);
      if (found.status !== "active")
        throw new AppError("client-suspended", "This client is suspended. Ask the platform team why.");
      for (const scope of [auth.scope, ...(auth.also ? [auth.also] : [])])
        if (!edge.tenant.scopes.includes(scope))
          throw new AppError("insufficient-scope", `This needs a key with the scope ${scope}.`);
      await noteKeyUse(found.key);
    },
  };
}

/** The key's row when everything about the credentials is right. Always one look-up and one comparison. */
async function verifiedKey(
  apiKey: string | undefined,
  clientCode: string | undefined,
): Promise<TenantKey | undefined> {
  const parsed = parseApiKey(apiKey ?? "");
  if (!parsed || !clientCodeSchema.safeParse(clientCode).success) return undefined;
  const found = await findTenantKey(parsed.keyId);
  const genuine = verifyApiKeySecret(parsed.secret, found?.key.hash);
  if (!found || !genuine || parsed.kind === "admin") return undefined;
  return found.clientCode === clientCode && isInForce(found) ? found : undefined;
}

function isInForce({ key }: TenantKey): boolean {
  return key.revokedAt === null && (key.expiresAt === null || key.expiresAt > now());
}

function tenantOf({ clientCode, key }: TenantKey): VerifiedTenant {
  return {
    clientCode: mintClientCode(clientCode),
    keyId: key.keyId,
    keyName: key.name,
    scopes: key.scopes.filter(isScope),
  };
}
