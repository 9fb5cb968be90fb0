import type { MiddlewareObj } from "@middy/core";
import type { EdgeRequest, EdgeResponse } from "../http/edge.request";
import { parseApiKey, verifyApiKeySecret } from "./api.key";
import { findAdminKey } from "./key.lookup";
import { refuseCredentials } from "./refuse.credentials";

/**
 * Proves that a request comes from the platform team: `x-admin-key`, one of several named keys. The name becomes the
 * actor in the audit. @throws AppError invalid-credentials
 */
export function verifyAdminKey(): MiddlewareObj<EdgeRequest, EdgeResponse> {
  return {
    async before({ event: edge }) {
      if (edge.matched.route.auth.kind !== "admin") return;
      edge.admin = await verifiedName(edge.header("x-admin-key"));
      if (edge.admin === undefined) return refuseCredentials(edge.elapsedMs());
    },
  };
}

async function verifiedName(adminKey: string | undefined): Promise<string | undefined> {
  const parsed = parseApiKey(adminKey ?? "");
  if (parsed?.kind !== "admin") return undefined;
  const found = await findAdminKey(parsed.keyId);
  const genuine = verifyApiKeySecret(parsed.secret, found?.hash);
  return genuine && found?.revokedAt === null ? found._id : undefined;
}
