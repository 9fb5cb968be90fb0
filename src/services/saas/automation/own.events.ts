/** Events that happen because a rule asks for them: started by hand, by the clock, or by silence. */
import type { Chain } from "../../../contracts/crm.event.contract";
import type { Change } from "../../../lib/tenant/commit.change";

export type OwnEventType = "manual" | "schedule" | "date_field" | "no_reply";

/** Tells one rule about one lead, in somebody's change. The id makes it happen once. */
export function tellRuleInChange(
  change: Change,
  told: {
    type: OwnEventType;
    id?: string;
    ruleId: string;
    leadId: string;
    conversationId?: string;
    messageId?: string;
    data?: Record<string, unknown>;
    chain?: Chain | null;
  },
): string {
  const { type, id, ruleId, leadId, conversationId, messageId, data, chain = null } = told;
  return change.record({
    ...(id === undefined ? {} : { id }),
    type,
    subject: {
      leadId,
      ...(conversationId === undefined ? {} : { conversationId }),
      ...(messageId === undefined ? {} : { messageId }),
    },
    data: { ...data, ruleId },
    chain,
  });
}
