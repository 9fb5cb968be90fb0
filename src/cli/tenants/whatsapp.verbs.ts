import * as z from "zod";
import { createTenantContext } from "../../lib/context/create.context";
import { withTenant } from "../../lib/tenant/tenant.registry";
import { admitToClient } from "../../services/clients/platform.gate";
import { dispatchEvents } from "../../services/saas/automation/dispatch.events";
import { connectNumber } from "../../services/saas/whatsapp/connect.number.service";
import { UsageError, type Verb } from "../command/verb";
import { secretOf } from "./secret.input";

const metaId = z.string().regex(/^\d{5,20}$/, "must be the digits that Meta shows");

const numberSchema = z.object({
  "phone-number-id": metaId,
  "waba-id": metaId,
  token: z.string().min(1).max(1_000),
});

export const whatsappVerbs: readonly Verb[] = [
  {
    name: "whatsapp",
    words: ["CODE"],
    about: "Connect a client's WhatsApp number, after Meta confirmed it with the client's own token.",
    options: {
      "phone-number-id": { type: "string", value: "ID", about: "Meta's id of the number." },
      "waba-id": { type: "string", value: "ID", about: "Meta's id of the WhatsApp Business account." },
      token: { type: "string", value: "TOKEN", about: "The client's access token; `-` reads it from stdin." },
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
      const clientCode = await admitToClient(ctx, code, {
        action: "client.whatsapp.connect",
        detail: { phoneNumberId, wabaId },
      });
      const tenant = createTenantContext({
        clientCode,
        actor: ctx.actor,
        requestId: ctx.requestId,
        dispatch: dispatchEvents,
      });
      const connected = await withTenant(clientCode, () =>
        connectNumber(tenant, { phoneNumberId, wabaId, token: number.token }),
      );
      return {
        value: connected,
        lines: [
          `${connected.displayPhoneNumber} is connected to ${code} (connection ${connected.connectionId}).`,
        ],
      };
    },
  },
];
