/** Silence as an event: our last message to a lead has had no answer for as long as a rule says. */
import { Types, trusted } from "mongoose";
import * as z from "zod";
import { durationSchema } from "../../../../contracts/common.contract";
import type { CrmEvent } from "../../../../contracts/crm.event.contract";
import { enqueue } from "../../../../jobs/queue/enqueue";
import type { TenantContext } from "../../../../lib/context/tenant.context";
import { durationMs } from "../../../../lib/duration/duration";
import { commitChange, EventAlreadyRecordedError } from "../../../../lib/tenant/commit.change";
import { getCrmModels } from "../../../../lib/tenant/get.crm.model";
import { tellRuleInChange } from "../own.events";
import { findEnabledRule, type PublishedRule } from "../published.rules";

const noReplySchema = z.object({ event: z.literal("no_reply"), after: durationSchema });

/** Sets the clock for each rule that waits for silence, once for each conversation at a time. */
export async function armNoReply(
  ctx: TenantContext,
  rules: readonly PublishedRule[],
  event: CrmEvent,
): Promise<void> {
  const { conversationId } = event.subject;
  if (event.type !== "message_sent" || conversationId === undefined) return;
  for (const rule of rules) {
    const trigger = noReplySchema.safeParse(rule.definition?.trigger);
    if (!trigger.success) continue;
    const ruleId = rule._id.toHexString();
    await enqueue({
      type: "automation.no_reply",
      payload: { clientCode: ctx.clientCode, ruleId, conversationId },
      requestId: ctx.requestId,
      key: `${ruleId}:${conversationId}`,
      runAt: new Date(ctx.now().getTime() + durationMs(trigger.data.after)),
    });
  }
}

/**
 * Tells the rule of the silence, if it still lasts. Of one message it is told once.
 * @returns when to look again, because we wrote again in the meantime; undefined when there is no more to wait for.
 */
export async function hearSilence(
  ctx: TenantContext,
  { ruleId, conversationId }: { ruleId: string; conversationId: string },
): Promise<Date | undefined> {
  const rule = await findEnabledRule(ctx, new Types.ObjectId(ruleId));
  const trigger = noReplySchema.safeParse(rule?.definition?.trigger);
  if (!trigger.success) return undefined;
  const { Message } = await getCrmModels(ctx.clientCode);
  // Notes among colleagues and notices of WhatsApp's are neither a message of ours nor an answer.
  const [last] = await Message.find({
    conversationId: new Types.ObjectId(conversationId),
    kind: trusted({ $nin: ["note", "system"] }),
  })
    .sort({ sentAt: -1, _id: -1 })
    .limit(1)
    .select({ direction: 1, sentAt: 1, leadId: 1, chain: 1 })
    .lean();
  if (last?.direction !== "outbound") return undefined;
  const at = new Date(last.sentAt.getTime() + durationMs(trigger.data.after));
  if (at.getTime() > ctx.now().getTime()) return at;
  const messageId = last._id.toHexString();
  try {
    await commitChange(ctx, async (change) => {
      tellRuleInChange(change, {
        type: "no_reply",
        id: `no_reply:${ruleId}:${messageId}`,
        ruleId,
        leadId: last.leadId.toHexString(),
        conversationId,
        messageId,
        data: { after: trigger.data.after },
        chain: last.chain ?? null,
      });
    });
  } catch (error) {
    if (!(error instanceof EventAlreadyRecordedError)) throw error;
  }
  return undefined;
}
