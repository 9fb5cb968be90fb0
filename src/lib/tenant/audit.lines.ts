/** Which of a change's events are in the tenant's audit log, and how. */
import { Types } from "mongoose";
import type { CrmEventType } from "../../contracts/crm.event.contract";
import type { AuditEntryRecord } from "../../model/saas/audit.entry.schema";
import type { OutboxRecord } from "../../model/saas/outbox.schema";

const keptMs = 400 * 24 * 60 * 60_000;

/** What follows from an act that is in the log itself. */
const consequences: ReadonlySet<CrmEventType> = new Set<CrmEventType>(["notification_created"]);

/** An entry for each event that somebody of the tenant, the platform team or a rule caused. What customers do and what we note for ourselves is no act of theirs. */
export function auditLines(
  events: readonly OutboxRecord[],
  { ruleId, runId }: Pick<AuditEntryRecord, "ruleId" | "runId">,
): AuditEntryRecord[] {
  return events
    .filter(({ actor, type }) => isAct(actor.type) && !consequences.has(type))
    .map((event) => ({
      _id: new Types.ObjectId(),
      at: event.createdAt,
      action: event.type,
      actor: event.actor,
      requestId: event.requestId ?? "",
      subject: event.subject,
      leadId: event.subject.leadId === undefined ? null : new Types.ObjectId(event.subject.leadId),
      changes: event.changes ?? null,
      data: event.data,
      ruleId,
      runId,
      eventId: event.eventId,
      // TTL indexes run on real time, whatever the stack's clock says.
      expireAt: new Date(Date.now() + keptMs),
    }));
}

function isAct(actorType: OutboxRecord["actor"]["type"]): boolean {
  return actorType !== "lead" && actorType !== "system";
}
