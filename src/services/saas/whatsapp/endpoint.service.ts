/** Meta apps of tenants: each has an address of its own for its webhooks, and signs them with its own secret. */
import { randomBytes } from "node:crypto";
import * as z from "zod";
import type { ClientCode } from "../../../contracts/common.contract";
import type { PlatformContext } from "../../../lib/context/tenant.context";
import { getCentralModels } from "../../../lib/db/get.central.models";
import { AppError } from "../../../lib/errors/app.error";
import { readEndpointOwner } from "../../clients/data.source.service";
import { auditPlatformAct } from "../../clients/platform.audit.service";
import { readSecret, writeSecret } from "../../clients/secret.service";

/** The platform's own Meta app. */
export const defaultEndpointId = "default";

/** What is sealed of an endpoint. */
const credentialsSchema = z.object({
  /** Current first; the previous one is still taken, so that Meta's change-over loses nothing. */
  appSecrets: z.array(z.string()).min(1).max(2),
  verifyToken: z.string(),
});
type Credentials = z.infer<typeof credentialsSchema>;

/** What the tenant enters at Meta. */
export interface EndpointView {
  readonly endpointId: string;
  readonly clientCode: string;
  readonly path: string;
  readonly createdAt: string;
  readonly rotatedAt: string | null;
}

const secretName = (endpointId: string) => `whatsapp.endpoint:${endpointId}`;
const cacheMs = 30_000;
const cacheSize = 1_000;
const cache = new Map<string, { credentials: Credentials; until: number }>();

/** Makes an address for a tenant's own Meta app. @returns it with the token to enter at Meta, which is shown this once. */
export async function createEndpoint(
  ctx: PlatformContext,
  clientCode: ClientCode,
  { appSecret }: { readonly appSecret: string },
): Promise<EndpointView & { readonly verifyToken: string }> {
  const { ChannelEndpoint } = await getCentralModels();
  const endpointId = randomBytes(12).toString("hex");
  const verifyToken = randomBytes(24).toString("base64url");
  await auditPlatformAct(ctx, { action: "endpoint.create", clientCode, detail: { endpointId } });
  await seal(clientCode, endpointId, { appSecrets: [appSecret], verifyToken });
  const row = { _id: endpointId, clientCode, createdAt: ctx.now(), rotatedAt: null };
  await ChannelEndpoint.create([row], { w: "majority" });
  return { ...toView(row), verifyToken };
}

/**
 * Takes a new app secret; the one before it is good until the next change.
 * @throws AppError not-found.
 */
export async function rotateEndpointSecret(
  ctx: PlatformContext,
  clientCode: ClientCode,
  { endpointId, appSecret }: { readonly endpointId: string; readonly appSecret: string },
): Promise<EndpointView> {
  const { ChannelEndpoint } = await getCentralModels();
  await requireEndpoint(clientCode, endpointId);
  const known = await open(clientCode, endpointId);
  if (!known) throw noEndpoint();
  await auditPlatformAct(ctx, { action: "endpoint.rotate", clientCode, detail: { endpointId } });
  const [current = appSecret] = known.appSecrets;
  if (current !== appSecret)
    await seal(clientCode, endpointId, { ...known, appSecrets: [appSecret, current] });
  const row = await ChannelEndpoint.findOneAndUpdate(
    { _id: endpointId, clientCode },
    { $set: { rotatedAt: ctx.now() } },
    { returnDocument: "after" },
  ).lean();
  if (!row) throw noEndpoint();
  return toView(row);
}

/** A tenant's endpoints, the oldest first. */
export async function listEndpoints(clientCode: ClientCode): Promise<EndpointView[]> {
  const { ChannelEndpoint } = await getCentralModels();
  return (await ChannelEndpoint.find({ clientCode }).sort({ createdAt: 1, _id: 1 }).lean()).map(toView);
}

/** @throws AppError not-found when the tenant has no such endpoint; the platform's own is everybody's. */
export async function requireEndpoint(clientCode: ClientCode, endpointId: string): Promise<void> {
  if (endpointId === defaultEndpointId) return;
  const { ChannelEndpoint } = await getCentralModels();
  if (!(await ChannelEndpoint.exists({ _id: endpointId, clientCode }))) throw noEndpoint();
}

/** Secrets and verify token of a tenant's endpoint; null for one that nobody has. Believed for 30 s. */
export async function readEndpoint(endpointId: string): Promise<Credentials | null> {
  const known = cache.get(endpointId);
  if (known && known.until > Date.now()) return known.credentials;
  cache.delete(endpointId);
  const owner = await readEndpointOwner(endpointId);
  const credentials = owner && (await open(owner, endpointId));
  if (!credentials) return null;
  const [oldest] = cache.keys();
  if (cache.size >= cacheSize && oldest !== undefined) cache.delete(oldest);
  cache.set(endpointId, { credentials, until: Date.now() + cacheMs });
  return credentials;
}

async function seal(clientCode: ClientCode, endpointId: string, credentials: Credentials): Promise<void> {
  await writeSecret(clientCode, secretName(endpointId), JSON.stringify(credentials));
  cache.delete(endpointId);
}

async function open(clientCode: ClientCode, endpointId: string): Promise<Credentials | null> {
  const text = await readSecret(clientCode, secretName(endpointId));
  return text === null ? null : credentialsSchema.parse(JSON.parse(text));
}

function noEndpoint(): AppError {
  return new AppError("not-found", "This client has no such WhatsApp endpoint. Create one first.");
}

function toView(row: {
  _id: string;
  clientCode: string;
  createdAt: Date;
  rotatedAt: Date | null;
}): EndpointView {
  return {
    endpointId: row._id,
    clientCode: row.clientCode,
    path: `/api/webhooks/whatsapp/${row._id}`,
    createdAt: row.createdAt.toISOString(),
    rotatedAt: row.rotatedAt?.toISOString() ?? null,
  };
}
