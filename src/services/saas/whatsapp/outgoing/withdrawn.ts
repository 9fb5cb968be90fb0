import type { CrmModels } from "../../../../lib/tenant/get.crm.model";
import type { MessageRecord } from "../../../../model/saas/message.schema";

/** The run ended by its own delay behind the message: that takes nothing back. */
const ownEnds = new Set(["past_due"]);

/**
 * Why whoever asked for a message no longer wants it, or null. Asked before it is sent: it may have waited for a limit
 * or a paused number while a broadcast was stopped, or the customer answered and that ended the rule's run.
 */
export async function withdrawnReason(
  { AutomationRun, Broadcast }: Pick<CrmModels, "AutomationRun" | "Broadcast">,
  { sender }: Pick<MessageRecord, "sender">,
): Promise<string | null> {
  if (sender.broadcastId) {
    const broadcast = await Broadcast.findById(sender.broadcastId).select({ state: 1 }).lean();
    return broadcast?.state === "stopped" ? "The broadcast was stopped before this message was sent." : null;
  }
  if (!sender.runId) return null;
  const run = await AutomationRun.findById(sender.runId).select({ status: 1, exitReason: 1 }).lean();
  const isOver = run?.status === "exited" || run?.status === "cancelled";
  if (!isOver || ownEnds.has(run.exitReason ?? "")) return null;
  return `The rule's run ended (${run.exitReason ?? run.status}) before this message was sent.`;
}
