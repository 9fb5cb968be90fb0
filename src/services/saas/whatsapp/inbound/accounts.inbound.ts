import { accountValueSchema, valueErrorsSchema } from "../../../../contracts/whatsapp.account.contract";
import { otherItemSchema } from "../../../../contracts/whatsapp.message.contract";
import type { TenantContext } from "../../../../lib/context/tenant.context";
import { commitChange } from "../../../../lib/tenant/commit.change";
import { getCrmModels } from "../../../../lib/tenant/get.crm.model";
import { explainError } from "../../../../lib/whatsapp/error.catalog";
import type { ConnectionRecord } from "../../../../model/saas/connection.schema";
import type { WebhookEventRecord } from "../../../../model/saas/webhook.event.schema";
import { pauseConnection, resumeConnection } from "../pause.connection";
import { raiseAlert } from "../raise.alert";
import { type AccountNews, accountNews } from "./account.news";
import { ignored, processed, type WebhookKind } from "./webhook.kind";

/**
 * What Meta tells of the account or of a number: its limit, quality, name and state. What stops sending pauses the
 * numbers, and what a person must look at raises an alert. Of several the latest by Meta's time stands.
 */
export const accountsInbound: WebhookKind = {
  name: "account",
  matches: ({ field, kind }) => kind === "other" && Object.hasOwn(accountNews, field),
  async handle(ctx, event) {
    const item = otherItemSchema.safeParse(JSON.parse(event.raw));
    const value = accountValueSchema.safeParse(item.data?.value);
    const newsOf = accountNews[event.field];
    if (!item.success || !value.success || !newsOf) return ignored("It has not the form that is known.");
    const { display_phone_number, entity_type, entity_id } = value.data;
    const number = entity_type === "PHONE_NUMBER" ? entity_id : undefined;
    const connections = (await connectionsOf(ctx, event)).filter(
      ({ phoneNumberId, displayPhoneNumber }) =>
        (number === undefined || phoneNumberId === number) &&
        (display_phone_number === undefined || digits(displayPhoneNumber) === digits(display_phone_number)),
    );
    if (connections.length === 0) return ignored("No WhatsApp number of this tenant is meant.");
    const at = timeOf(item.data.time, event);
    const news = newsOf(value.data);
    for (const connection of connections) await take(ctx, connection, event.field, news, at);
    return processed;
  },
};

/** A problem of the app or number that comes in place of messages. */
export const errorsInbound: WebhookKind = {
  name: "errors",
  matches: ({ field, kind }) => kind === "other" && field === "messages",
  async handle(ctx, event) {
    const item = otherItemSchema.safeParse(JSON.parse(event.raw));
    const value = valueErrorsSchema.safeParse(item.data?.value);
    const [error] = value.data?.errors ?? [];
    if (!error) return ignored("It holds no message, status or error that can be read.");
    const { title, explanation } = explainError(error.code, null);
    await raiseAlert({
      clientCode: ctx.clientCode,
      code: "whatsapp-error",
      ref: event.phoneNumberId ?? event.wabaId,
      detail: `Meta tells of error ${error.code} (${title}). ${explanation}`,
    });
    return processed;
  },
};

async function connectionsOf(
  ctx: TenantContext,
  { wabaId }: WebhookEventRecord,
): Promise<ConnectionRecord[]> {
  const { Connection } = await getCrmModels(ctx.clientCode);
  const connections = await Connection.find({ wabaId }).lean();
  return connections.filter(({ state }) => state !== "disconnected");
}

async function take(
  ctx: TenantContext,
  { _id }: ConnectionRecord,
  field: string,
  { fields, sending, alert }: AccountNews,
  at: Date,
): Promise<void> {
  const isLatest = await commitChange(ctx, async ({ models, session, now }) => {
    const stored = await models.Connection.findById(_id).session(session).lean();
    const known = stored?.toldAt?.[field];
    if (!stored || (known && known > at)) return false;
    await models.Connection.updateOne(
      { _id },
      { $set: { ...fields, [`toldAt.${field}`]: at, updatedAt: now }, $inc: { version: 1 } },
      { session },
    );
    return true;
  });
  if (!isLatest) return;
  if (sending === "resumes") await resumeConnection(ctx, _id);
  else if (sending) await pauseConnection(ctx, _id, sending.stops);
  if (alert) await raiseAlert({ ...alert, clientCode: ctx.clientCode, ref: _id.toHexString() });
}

function timeOf(seconds: string, { receivedAt }: WebhookEventRecord): Date {
  const at = new Date(Number(seconds) * 1_000);
  return seconds !== "" && !Number.isNaN(at.getTime()) ? at : receivedAt;
}

function digits(number: string): string {
  return number.replace(/\D/g, "");
}
