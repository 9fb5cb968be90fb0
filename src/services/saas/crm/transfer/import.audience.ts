import { trusted } from "mongoose";
import type { EventDraft } from "../../../../contracts/crm.event.contract";
import type { Change } from "../../../../lib/tenant/commit.change";

/**
 * Whether some rule could act on a slice's events. Most tenants have no rule for new leads, and telling nobody of
 * thousands of events costs as much as storing them. A new lead has no run yet, so only rules that are enabled count;
 * events of leads that were there are always told, for runs that wait for them.
 */
export async function mayMatter(
  { models, session }: Change,
  events: readonly EventDraft[],
): Promise<boolean> {
  const created = new Set(
    events.flatMap(({ type, subject }) => (type === "lead_created" ? [subject.leadId] : [])),
  );
  if (events.some(({ subject }) => !created.has(subject.leadId))) return true;
  const types = [...new Set(events.map(({ type }) => type))];
  const rule = await models.AutomationRule.exists({
    enabled: true,
    triggerEvent: trusted({ $in: types }),
  }).session(session);
  return rule !== null;
}
