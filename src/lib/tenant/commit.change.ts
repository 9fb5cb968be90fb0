/**
 * The one way to change a tenant's data: a transaction that holds the change, the events that tell of it, the
 * timeline lines that show it, the audit's entries of who did it, and the events' places in the log. After the commit the events go to whoever listens.
 */
import { type ClientSession, Types } from "mongoose";
import {
  type Causation,
  type CrmEvent,
  type EventDraft,
  timelineEventTypes,
} from "../../contracts/crm.event.contract";
import type { ActivityRecord } from "../../model/saas/activity.schema";
import type { OutboxRecord } from "../../model/saas/outbox.schema";
import type { TenantContext } from "../context/tenant.context";
import { isDuplicateKey } from "../db/duplicate.key";
import { failpoint } from "../failpoint/failpoint";
import { auditLines } from "./audit.lines";
import { type CrmModels, getCrmModels } from "./get.crm.model";
import { markTenantActive } from "./mark.active";
import { noteRulesMark } from "./rules.mark";
import { tenantConnection } from "./tenant.registry";
import { inTurn } from "./turn";

const logDays = 30;
const dayMs = 24 * 60 * 60_000;

/** What the body of a change works with. */
export interface Change {
  readonly session: ClientSession;
  readonly models: CrmModels;
  /** One time for everything the change writes. */
  readonly now: Date;
  /** Notes an event; it is written at the end of the transaction. @returns the event's id. */
  record(draft: EventDraft): string;
  /**
   * Runs once, after the commit and before the events are dispatched: where jobs are enqueued. Its failure is logged and
   * not the caller's, since the change stands: a sweep must be able to take up what it was for.
   */
  afterCommit(task: () => Promise<void>): void;
}

/** Thrown when an event with a given id is in the log already: this cause was processed before. */
export class EventAlreadyRecordedError extends Error {
  override readonly name = "EventAlreadyRecordedError";
}

export interface ChangeOptions {
  /**
   * False: the events are in the log and the timeline, but no rule hears of them, now or later. A function is asked
   * in the transaction, once the events are known.
   */
  readonly dispatch?: boolean | ((change: Change, events: readonly EventDraft[]) => Promise<boolean>);
}

/**
 * Runs `body` in one transaction of the tenant's database and dispatches what it recorded.
 * The body may run several times (transient errors, write conflicts), so it must do nothing outside the transaction.
 * When nothing was recorded, nothing is logged or emitted. Do not nest: pass `change` on instead.
 * @throws EventAlreadyRecordedError when a draft's own id was recorded before; nothing is changed then.
 */
export async function commitChange<T>(
  ctx: TenantContext,
  body: (change: Change) => Promise<T>,
  { dispatch = true }: ChangeOptions = {},
): Promise<T> {
  await markTenantActive(ctx.clientCode);
  const [models, connection] = await Promise.all([
    getCrmModels(ctx.clientCode),
    tenantConnection(ctx.clientCode),
  ]);
  const { result, events, told, tasks, rules } = await inTurn(ctx.clientCode, () =>
    connection.transaction(
      async (session) => {
        const drafts: RecordedDraft[] = [];
        const pending: (() => Promise<void>)[] = [];
        const change: Change = {
          session,
          models,
          now: ctx.now(),
          record(draft) {
            const id = draft.id ?? new Types.ObjectId().toHexString();
            drafts.push({ ...draft, id });
            return id;
          },
          afterCommit: (task) => pending.push(task),
        };
        const value = await body(change);
        const toBeTold = typeof dispatch === "boolean" ? dispatch : await dispatch(change, drafts);
        const written = await writeEvents(ctx, change, drafts, toBeTold);
        return { result: value, ...written, told: toBeTold, tasks: pending };
      },
      { readConcern: { level: "snapshot" }, writeConcern: { w: "majority" } },
    ),
  );
  if (rules !== undefined) noteRulesMark(ctx.clientCode, rules);
  if (events.length > 0) failpoint("after-change-committed");
  for (const task of tasks) {
    try {
      await task();
    } catch (error) {
      ctx.logger.error("What follows from a change was not begun; the tenant sweep begins it.", {}, error);
    }
  }
  if (told && events.length > 0) await ctx.emit(events);
  return result;
}

type RecordedDraft = EventDraft & { readonly id: string };

/** Events, timeline and log places, by the bare driver, since the rows are made here: the last writes of the transaction, so that the log's counter is held briefly. */
async function writeEvents(
  ctx: TenantContext,
  change: Change,
  drafts: readonly RecordedDraft[],
  dispatch: boolean,
): Promise<{ events: CrmEvent[]; rules?: string }> {
  if (drafts.length === 0) return { events: [] };
  const { Activity, AuditEntry, Counter, Outbox } = change.models;
  const { session, now } = change;
  const lines = drafts.flatMap((draft) => timelineLine(ctx, draft, now) ?? []);
  await once(lines.length === 0 ? undefined : Activity.collection.insertMany(lines, { session }));

  const counter = await Counter.findOneAndUpdate(
    { _id: "events" },
    {
      $inc: { value: drafts.length },
      ...(drafts.some(({ type }) => type === "automation_updated")
        ? { $set: { rules: new Types.ObjectId().toHexString() } }
        : {}),
    },
    { session, upsert: true, returnDocument: "after" },
  ).lean();
  if (!counter) throw new Error("The event counter returned nothing after an upsert.");
  const firstSeq = counter.value - drafts.length + 1;
  // Events of one change have one root cause: the message that made a lead is not a later reason to leave it alone.
  const rootEventId = drafts[0]?.id ?? "";
  const rows = drafts.map((draft, index) =>
    outboxRow(ctx, draft, { seq: firstSeq + index, now, rootEventId, dispatchedAt: dispatch ? null : now }),
  );
  await once(Outbox.collection.insertMany(rows, { session }));
  const acts = auditLines(rows, causedBy(ctx));
  if (acts.length > 0) await AuditEntry.collection.insertMany(acts, { session });
  return { events: rows.map(toCrmEvent), rules: counter.rules ?? "" };
}

/** @throws EventAlreadyRecordedError when the timeline or the log has one of these events. */
async function once(inserted: Promise<unknown> | undefined): Promise<void> {
  try {
    await inserted;
  } catch (error) {
    if (!isDuplicateKey(error, "event")) throw error;
    throw new EventAlreadyRecordedError("This cause was processed before.", { cause: error });
  }
}

function outboxRow(
  ctx: TenantContext,
  draft: RecordedDraft,
  {
    seq,
    now,
    rootEventId,
    dispatchedAt,
  }: { seq: number; now: Date; rootEventId: string; dispatchedAt: Date | null },
): OutboxRecord {
  return {
    _id: new Types.ObjectId(),
    eventId: draft.id,
    seq,
    type: draft.type,
    ...(draft.name === undefined ? {} : { name: draft.name }),
    subject: draft.subject,
    data: draft.data ?? {},
    ...(draft.changes === undefined ? {} : { changes: draft.changes }),
    actor: ctx.actor,
    causation: ctx.causation ?? { rootEventId, depth: 0, ruleIds: [], ...draft.chain },
    requestId: ctx.requestId,
    occurredAt: draft.occurredAt ?? now,
    dispatchedAt,
    createdAt: now,
    // TTL indexes run on real time, whatever the stack's clock says.
    expireAt: new Date(Date.now() + logDays * dayMs),
  };
}

function timelineLine(ctx: TenantContext, draft: RecordedDraft, now: Date): ActivityRecord | undefined {
  const { leadId, ...others } = draft.subject;
  if (!leadId || !timelineEventTypes.has(draft.type)) return undefined;
  const [ref] = Object.entries(others);
  return {
    _id: new Types.ObjectId(),
    leadId: new Types.ObjectId(leadId),
    type: draft.name ?? draft.type,
    at: draft.occurredAt ?? now,
    actor: ctx.actor,
    changes: draft.changes ?? null,
    ref: ref ? { type: ref[0].replace(/Id$/, ""), id: ref[1] } : null,
    eventId: draft.id,
    ...causedBy(ctx),
    data: draft.data ?? {},
  };
}

/** The rule that acts, and its run. */
function causedBy(ctx: TenantContext): Pick<ActivityRecord, "ruleId" | "runId"> {
  return {
    ruleId: ctx.actor.type === "automation" ? lastRule(ctx.causation) : null,
    runId: ctx.runId ? new Types.ObjectId(ctx.runId) : null,
  };
}

function lastRule(causation: Causation | undefined): Types.ObjectId | null {
  const ruleId = causation?.ruleIds.at(-1);
  return ruleId ? new Types.ObjectId(ruleId) : null;
}

/** The event of an outbox row, as listeners and `GET /api/crm/changes` see it. */
export function toCrmEvent(row: OutboxRecord): CrmEvent {
  return {
    id: row.eventId,
    seq: row.seq,
    type: row.type,
    ...(row.name === undefined ? {} : { name: row.name }),
    subject: row.subject,
    data: row.data,
    ...(row.changes === undefined ? {} : { changes: row.changes }),
    actor: row.actor,
    causation: row.causation,
    occurredAt: row.occurredAt.toISOString(),
    ...(row.requestId === undefined ? {} : { requestId: row.requestId }),
  };
}
