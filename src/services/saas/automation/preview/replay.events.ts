/** What a draft would have decided about events that really came. Reads only. */
import { Types, trusted } from "mongoose";
import type { Replay } from "../../../../contracts/automation.insight.contract";
import type { CrmEvent } from "../../../../contracts/crm.event.contract";
import type { TenantContext } from "../../../../lib/context/tenant.context";
import { AppError } from "../../../../lib/errors/app.error";
import { toCrmEvent } from "../../../../lib/tenant/commit.change";
import { getCrmModels } from "../../../../lib/tenant/get.crm.model";
import { matchRule } from "../match.rules";
import { readDefinition } from "../published.rules";
import { readScope } from "../scope";
import { ownEvents, triggersOf } from "../triggers";

const batch = 500;
/** How far back one replay looks. */
const mostLookedAt = 10_000;

/**
 * Judges the newest events of the rule's trigger by its draft, each at its own time. The lead is as it is now: the log
 * keeps what changed, not what was.
 * @throws AppError not-found, invalid-state for a draft that this release cannot read
 */
export async function replayEvents(
  ctx: TenantContext,
  { ruleId, limit }: { ruleId: string; limit: number },
): Promise<Replay> {
  const { AutomationRule } = await getCrmModels(ctx.clientCode);
  const rule = await AutomationRule.findById(new Types.ObjectId(ruleId)).lean();
  if (!rule) throw new AppError("not-found", "There is no such rule.");
  const definition = readDefinition(rule.draft);
  if (!definition)
    throw new AppError("invalid-state", "This release cannot read the rule's draft. Save it again.");
  const { events, lookedAt, complete } = await newestEvents(ctx, ruleId, definition.trigger.event, limit);
  const judged: Replay["events"] = [];
  for (const event of events) {
    const scope = await readScope(ctx, event);
    const at = new Date(event.occurredAt);
    const { outcome, trace } = matchRule({ id: ruleId, definition }, event, scope, at);
    judged.push({
      eventId: event.id,
      type: event.type,
      leadId: event.subject.leadId ?? null,
      occurredAt: event.occurredAt,
      matches: outcome === "enrolled",
      outcome,
      trace: trace.map((line) => ({ ...line })),
    });
  }
  const matched = judged.filter(({ matches }) => matches).length;
  return { matched, missed: judged.length - matched, lookedAt, complete, events: judged };
}

/** Backwards through the tenant's log, up to so many events of the trigger or so many rows. */
async function newestEvents(
  ctx: TenantContext,
  ruleId: string,
  trigger: string,
  limit: number,
): Promise<{ events: CrmEvent[]; lookedAt: number; complete: boolean }> {
  const { Outbox } = await getCrmModels(ctx.clientCode);
  const events: CrmEvent[] = [];
  let lookedAt = 0;
  let before = Number.MAX_SAFE_INTEGER;
  while (lookedAt < mostLookedAt) {
    const rows = await Outbox.find({ seq: trusted({ $lt: before }) })
      .sort({ seq: -1 })
      .limit(batch)
      .lean();
    for (const row of rows) {
      lookedAt += 1;
      before = row.seq;
      const event = toCrmEvent(row);
      if (isFor(ruleId, trigger, event)) events.push(event);
      if (events.length === limit) return { events, lookedAt, complete: true };
    }
    if (rows.length < batch) return { events, lookedAt, complete: true };
  }
  return { events, lookedAt, complete: false };
}

/** An event that comes because a rule asked for it is that rule's alone. */
function isFor(ruleId: string, trigger: string, event: CrmEvent): boolean {
  if (event.subject.leadId === undefined || !triggersOf(event).includes(trigger)) return false;
  return !ownEvents.has(event.type) || event.data.ruleId === ruleId;
}
