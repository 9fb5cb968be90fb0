/** One person's turn: they get the message, have to wait, or are left out with the reason. */
import type { Types } from "mongoose";
import type { TenantContext } from "../../../../lib/context/tenant.context";
import { AppError } from "../../../../lib/errors/app.error";
import { getCrmModels } from "../../../../lib/tenant/get.crm.model";
import type { BroadcastRecipientRecord, BroadcastRecord } from "../../../../model/saas/broadcast.schema";
import type { LeadRecord } from "../../../../model/saas/lead.schema";
import type { TenantSettingsRecord } from "../../../../model/saas/tenant.settings.schema";
import { sendMessage } from "../../messaging/message.service";
import { addressOf, unwantedReason } from "../../messaging/refuse.unwanted";
import { templateContent } from "../actions/send.as.rule";
import { judgeSending } from "../judge.sending";
import { sentByRules } from "../may.send";
import type { RuleScope } from "../scope";

/** Thrown where the broadcast was paused or stopped in the meantime. */
export class BroadcastHalted extends Error {
  override readonly name = "BroadcastHalted";
}

/** What everybody would meet: it is not the recipient's, and the broadcast pauses. */
export class BroadcastBlocked extends Error {
  override readonly name = "BroadcastBlocked";

  constructor(override readonly cause: AppError) {
    super("Nobody can be sent this broadcast now.", { cause });
  }
}

type Verdict =
  | { readonly kind: "send" }
  | { readonly kind: "wait"; readonly code: string; readonly until: Date }
  | { readonly kind: "skip"; readonly code: string; readonly detail: string };

/** Whether this person may be written to now. */
export async function judgeRecipient(
  ctx: TenantContext,
  broadcast: BroadcastRecord,
  lead: LeadRecord | undefined,
  settings: TenantSettingsRecord,
): Promise<Verdict> {
  const refused = refusalOf(broadcast, lead);
  if (refused || !lead) return { kind: "skip", ...(refused ?? gone) };
  const { frequencyCap } = broadcast;
  const cap = frequencyCap === "ignore" ? null : settings.automation.frequencyCap;
  const permission = judgeSending({
    lead,
    settings,
    definition: {
      sendWindow: broadcast.sendWindow ?? undefined,
      frequencyCap: frequencyCap === "ignore" ? "defer" : frequencyCap,
    },
    step: { id: "broadcast", type: "send_template", ignoreFrequencyCap: frequencyCap === "ignore" },
    now: ctx.now(),
    spreadKey: `${broadcast._id.toHexString()}:${lead._id.toHexString()}`,
    sent: cap ? await sentByRules(ctx, lead._id, cap) : [],
  });
  if (permission.kind === "yes") return { kind: "send" };
  const { reason: code } = permission;
  if (permission.kind === "wait") return { kind: "wait", code, until: permission.until };
  return { kind: "skip", code, detail: leftOut[code] ?? "It may not be sent to this person now." };
}

const gone = { code: "lead_deleted", detail: "The lead was deleted." };
const leftOut: Readonly<Record<string, string>> = {
  outside_send_window: "It was outside the send window.",
  send_window_never_opens: "The send window does not open for this person.",
  frequency_cap: "Rules and broadcasts wrote to this person often enough.",
};

function refusalOf(
  { requireOptIn }: Pick<BroadcastRecord, "requireOptIn">,
  lead: LeadRecord | undefined,
): { code: string; detail: string } | undefined {
  if (!lead) return gone;
  if (lead.mergedInto) return { code: "lead_merged", detail: "The lead was merged into another." };
  if (lead.deletedAt) return gone;
  const unwanted = unwantedReason(lead);
  if (unwanted !== null)
    return { code: lead.doNotContact ? "do_not_contact" : "opted_out", detail: unwanted };
  if (requireOptIn && lead.consent.whatsapp?.optIn !== true)
    return { code: "no_opt_in", detail: "The lead has not opted in to WhatsApp messages." };
  if (addressOf(lead) === null)
    return { code: "no_address", detail: "The lead has neither a phone number nor a WhatsApp id." };
  return undefined;
}

/** Left out for what is in the message for this very person. */
const ownProblems: Readonly<Record<string, string>> = {
  "opted-out": "marketing_stopped",
  "missing-variable": "missing_variable",
  "invalid-variable": "invalid_variable",
  "invalid-phone": "no_address",
  // Deleted, or merged into another, since the look at them a moment ago.
  "not-found": "lead_deleted",
};

/**
 * Hands the message over. Message and turn are one change, so that a crash leaves both or neither, and nobody gets two.
 * @throws BroadcastHalted, BroadcastBlocked
 */
export async function sendToRecipient(
  ctx: TenantContext,
  broadcast: BroadcastRecord,
  recipient: BroadcastRecipientRecord,
  scope: RuleScope,
): Promise<void> {
  const { _id: broadcastId, template, connectionId } = broadcast;
  try {
    const content = await templateContent(template, scope);
    await sendMessage(
      ctx,
      {
        leadId: recipient.leadId.toHexString(),
        connectionId: connectionId?.toHexString(),
        clientId: `broadcast:${broadcastId.toHexString()}`,
        content,
        sender: { type: "automation", id: broadcastId.toHexString(), broadcastId },
      },
      async ({ models, session, now }, message) => {
        const current = await models.Broadcast.findById(broadcastId)
          .select({ state: 1 })
          .session(session)
          .lean();
        if (current?.state !== "running") throw new BroadcastHalted();
        await models.BroadcastRecipient.updateOne(
          { _id: recipient._id, state: "pending" },
          { $set: { state: "sent", code: "", detail: null, messageId: message._id, sentAt: now } },
          { session },
        );
      },
    );
  } catch (error) {
    if (!(error instanceof AppError) || error.status >= 500 || error.status === 429) throw error;
    const code = ownProblems[error.code];
    if (code === undefined) throw new BroadcastBlocked(error);
    await skipRecipient(ctx, recipient._id, { code, detail: error.detail });
  }
}

export async function skipRecipient(
  ctx: TenantContext,
  _id: Types.ObjectId,
  { code, detail }: { code: string; detail: string },
): Promise<void> {
  const { BroadcastRecipient } = await getCrmModels(ctx.clientCode);
  await BroadcastRecipient.updateOne({ _id, state: "pending" }, { $set: { state: "skipped", code, detail } });
}

export async function putOffRecipient(
  ctx: TenantContext,
  _id: Types.ObjectId,
  { code, until }: { code: string; until: Date },
): Promise<void> {
  const { BroadcastRecipient } = await getCrmModels(ctx.clientCode);
  await BroadcastRecipient.updateOne({ _id, state: "pending" }, { $set: { dueAt: until, code } });
}
