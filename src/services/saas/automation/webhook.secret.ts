/** What a tenant's webhooks are signed with, so that the receiver knows who calls. */
import { createHmac, randomBytes } from "node:crypto";
import * as z from "zod";
import type { TenantContext } from "../../../lib/context/tenant.context";
import { AppError } from "../../../lib/errors/app.error";
import { commitChange } from "../../../lib/tenant/commit.change";
import { readSecret, writeSecret } from "../../clients/secret.service";

const secretName = "automation.webhook";
/** So long the secret before signs too. */
const overlapMs = 24 * 60 * 60_000;

const storedSchema = z.object({
  current: z.string(),
  previous: z.string().nullable(),
  /** When the previous one ends. */
  previousUntil: z.number(),
});

async function stored(ctx: TenantContext): Promise<z.output<typeof storedSchema> | null> {
  const text = await readSecret(ctx.clientCode, secretName);
  return text === null ? null : storedSchema.parse(JSON.parse(text));
}

/** Makes a new secret and shows it, this once. The one before signs beside it for a day. */
export async function rotateWebhookSecret(
  ctx: TenantContext,
): Promise<{ secret: string; previousUntil: string | null }> {
  const before = await stored(ctx);
  const secret = `whsec_${randomBytes(32).toString("base64")}`;
  const until = ctx.now().getTime() + overlapMs;
  const next = { current: secret, previous: before?.current ?? null, previousUntil: until };
  await writeSecret(ctx.clientCode, secretName, JSON.stringify(next));
  await commitChange(ctx, async (change) => {
    change.record({ type: "settings_updated", subject: {}, data: { webhookSecret: "rotated" } });
  });
  return { secret, previousUntil: before ? new Date(until).toISOString() : null };
}

/**
 * The headers that prove where a webhook comes from.
 * @see https://www.standardwebhooks.com
 * @throws AppError invalid-state when the tenant has no secret yet.
 */
export async function signWebhook(
  ctx: TenantContext,
  id: string,
  body: Buffer,
): Promise<Record<string, string>> {
  const secrets = await stored(ctx);
  if (!secrets)
    throw new AppError(
      "invalid-state",
      "There is no webhook secret yet. Have one made (POST /api/crm/automations/webhook-secret/rotate) and give it to the receiver.",
    );
  const now = ctx.now().getTime();
  const timestamp = String(Math.floor(now / 1000));
  const { current, previous, previousUntil } = secrets;
  const keys = previous !== null && previousUntil > now ? [current, previous] : [current];
  const signatures = keys.map((key) => {
    const hmac = createHmac("sha256", Buffer.from(key.replace(/^whsec_/, ""), "base64"));
    return `v1,${hmac.update(`${id}.${timestamp}.`).update(body).digest("base64")}`;
  });
  return {
    "webhook-id": id,
    "webhook-timestamp": timestamp,
    "webhook-signature": signatures.join(" "),
  };
}
