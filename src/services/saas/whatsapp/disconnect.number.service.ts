import { trusted } from "mongoose";
import type { TenantContext } from "../../../lib/context/tenant.context";
import { commitChange } from "../../../lib/tenant/commit.change";
import { getCrmModels } from "../../../lib/tenant/get.crm.model";
import { tokenSecretName } from "../../../lib/whatsapp/token.name";
import { unbindChannelRoute } from "../../clients/data.source.service";
import { deleteSecret } from "../../clients/secret.service";
import { notFound } from "../crm/crm.problem";
import { closeTokenAlert, wakeSends } from "./pause.connection";

/**
 * Lets a number go, so that another tenant may connect it. Its conversations stay here, its messages that wait fail
 * to leave, and its token is forgotten. Doing it again changes nothing.
 * @throws AppError not-found.
 */
export async function disconnectNumber(ctx: TenantContext, phoneNumberId: string): Promise<void> {
  const { clientCode } = ctx;
  const { Connection } = await getCrmModels(clientCode);
  const connection = await Connection.findOne({ phoneNumberId }).lean();
  if (!connection) throw notFound("WhatsApp number");
  await commitChange(ctx, async ({ models, session, now }) => {
    await models.Connection.updateOne(
      { _id: connection._id, state: trusted({ $ne: "disconnected" }) },
      {
        $set: {
          state: "disconnected",
          isDefault: false,
          pausedReason: null,
          pausedAt: null,
          disconnectedAt: now,
          updatedAt: now,
        },
        $inc: { version: 1 },
      },
      { session },
    );
  });
  await unbindChannelRoute(ctx, { routeKey: `pn:${phoneNumberId}`, clientCode });
  const { wabaId } = connection;
  const others = await Connection.find({ wabaId }).lean();
  if (others.every(({ state }) => state === "disconnected"))
    await unbindChannelRoute(ctx, { routeKey: `waba:${wabaId}`, clientCode });
  await deleteSecret(clientCode, tokenSecretName(phoneNumberId));
  await closeTokenAlert(clientCode, connection._id);
  await wakeSends(ctx, connection._id);
}
