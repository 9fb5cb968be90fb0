import * as z from "zod";
import { createTenantContext } from "../../lib/context/create.context";
import type { PlatformContext, TenantContext } from "../../lib/context/tenant.context";
import { withTenant } from "../../lib/tenant/tenant.registry";
import { admitToClient } from "../../services/clients/platform.gate";
import { dispatchEvents } from "../../services/saas/automation/dispatch.events";
import { connectNumber } from "../../services/saas/whatsapp/connect.number.service";
import { disconnectNumber } from "../../services/saas/whatsapp/disconnect.number.service";
import { createEndpoint, rotateEndpointSecret } from "../../services/saas/whatsapp/endpoint.service";
import { UsageError, type Verb } from "../command/verb";
import { secretOf } from "./secret.input";

const metaId = z.string().regex(/^\d{5,20}$/, "must be the digits that Meta shows");

const numberSchema = z.object({
  "phone-number-id": metaId,
  "waba-id": metaId,
  token: z.string().min(1).max(1_000),
});
const appSecretSchema = z.string().regex(/^[\x21-\x7e]{8,200}$/, "must be the app secret that Meta shows");

/** What a verb does for one tenant, as whoever has the shell. */
async function asTenant<T>(
  ctx: PlatformContext,
  code: string,
  act: { action: string; detail: Record<string, unknown> },
  work: (tenant: TenantContext) => Promise<T>,
): Promise<T> {
  const clientCode = await admitToClient(ctx, code, act);
  const { actor, requestId } = ctx;
  const tenant = createTenantContext({ clientCode, actor, requestId, dispatch: dispatchEvents });
  return withTenant(clientCode, () => work(tenant));
}

export const whatsappVerbs: readonly Verb[] = [
  {
    name: "whatsapp",
    words: ["CODE"],
    about: "Connect a client's WhatsApp number, after Meta confirmed it with the client's own token.",
    options: {
      "phone-number-id": { type: "string", value: "ID", about: "Meta's id of the number." },
      "waba-id": { type: "string", value: "ID", about: "Meta's id of the WhatsApp Business account." },
      token: { type: "string", value: "TOKEN", about: "The client's access token; `-` reads it from stdin." },
      endpoint: {
        type: "string",
        value: "ID",
        about: "The endpoint of the client's own Meta app; absent: the platform's app.",
      },
    },
    async run({ ctx, words: [code = ""], text }) {
      const [phoneNumberId, wabaId, token] = [
        text("phone-number-id"),
        text("waba-id"),
        await secretOf(text("token")),
      ];
      if (phoneNumberId === undefined || wabaId === undefined || token === undefined)
        throw new UsageError("Give --phone-number-id, --waba-id and --token (or --token - for stdin).");
      const number = numberSchema.parse({ "phone-number-id": phoneNumberId, "waba-id": wabaId, token });
      const endpointId = text("endpoint");
      const connected = await asTenant(
        ctx,
        code,
        { action: "client.whatsapp.connect", detail: { phoneNumberId, wabaId } },
        (tenant) => connectNumber(tenant, { phoneNumberId, wabaId, token: number.token, endpointId }),
      );
      return {
        value: connected,
        lines: [
          `${connected.displayPhoneNumber} is connected to ${code} (connection ${connected.connectionId}).`,
          ...connected.missing.map((sentence) => `Missing: ${sentence}`),
        ],
      };
    },
  },
  {
    name: "whatsapp-disconnect",
    words: ["CODE"],
    about: "Let a client's WhatsApp number go; its history stays with the client.",
    options: {
      "phone-number-id": { type: "string", value: "ID", about: "Meta's id of the number." },
    },
    async run({ ctx, words: [code = ""], text }) {
      const phoneNumberId = metaId.parse(text("phone-number-id"));
      await asTenant(
        ctx,
        code,
        { action: "client.whatsapp.disconnect", detail: { phoneNumberId } },
        (tenant) => disconnectNumber(tenant, phoneNumberId),
      );
      return {
        value: { phoneNumberId, state: "disconnected" },
        lines: [`The number ${phoneNumberId} is no longer connected to ${code}.`],
      };
    },
  },
  {
    name: "whatsapp-endpoint",
    words: ["CODE"],
    about: "Make a webhook address for a client's own Meta app, or give one its new app secret.",
    options: {
      "app-secret": { type: "string", value: "SECRET", about: "The app's secret; `-` reads it from stdin." },
      endpoint: {
        type: "string",
        value: "ID",
        about: "The endpoint whose secret is new; absent: a new one.",
      },
    },
    async run({ ctx, words: [code = ""], text }) {
      const appSecret = appSecretSchema.parse(await secretOf(text("app-secret")));
      const endpointId = text("endpoint");
      const clientCode = await admitToClient(ctx, code, { action: "client.whatsapp.endpoint" });
      if (endpointId !== undefined) {
        const rotated = await rotateEndpointSecret(ctx, clientCode, { endpointId, appSecret });
        return { value: rotated, lines: ["The new secret is in use; the one before it is still taken."] };
      }
      const created = await createEndpoint(ctx, clientCode, { appSecret });
      return {
        value: created,
        lines: [
          `Enter at Meta, as callback URL: <your address>${created.path}`,
          `and as verify token, which is shown this once: ${created.verifyToken}`,
          `Then connect the numbers with --endpoint ${created.endpointId}.`,
        ],
      };
    },
  },
];
