/**
 * What events do to runs that live: wake one that waits for them, begin it again, move its appointment, complete it or
 * end it. One query finds the runs of a whole batch. An event does each of it once, however often it is told.
 */
import { Types, trusted } from "mongoose";
import { livingStatuses } from "../../../contracts/automation.run.contract";
import type { CrmEvent } from "../../../contracts/crm.event.contract";
import { readPath } from "../../../lib/condition";
import type { TenantContext } from "../../../lib/context/tenant.context";
import { toCrmEvent } from "../../../lib/tenant/commit.change";
import { getCrmModels } from "../../../lib/tenant/get.crm.model";
import type { AutomationRunRecord } from "../../../model/saas/automation.run.schema";
import { cancelAlarm, endRunFromOutside } from "./end.runs";
import { isMeant } from "./event.match";
import { eventsOf } from "./listens";
import { versionOf } from "./published.rules";
import { isOldNews, type Rewound, rewind } from "./reschedule";
import { reviveRuns } from "./revive.runs";
import { nextOf, type RuleDefinition } from "./rule.contract";
import { noteStep } from "./step.log";
import { waitForSchema } from "./steps/wait.for.step";
import { triggersOf } from "./triggers";

/** `told`: it has the event's data now, and goes on as it was. */
type Effect = "goes_on" | "ended" | "told";

/** How many events a run remembers to have taken. */
const memory = 20;
const secondMs = 1_000;

/** Puts a batch of events to the runs that listen for them. @returns the runs that can go on now, in their order. */
export async function hearEvents(
  ctx: TenantContext,
  events: readonly CrmEvent[],
): Promise<AutomationRunRecord[]> {
  const told = events.filter(({ subject }) => subject.leadId !== undefined);
  if (told.length === 0) return [];
  const leadIds = [...new Set(told.map(({ subject }) => subject.leadId ?? ""))];
  const { AutomationRun } = await getCrmModels(ctx.clientCode);
  const found = await AutomationRun.find({
    leadId: trusted({ $in: leadIds.map((id) => new Types.ObjectId(id)) }),
    listens: trusted({ $in: [...new Set(told.flatMap(triggersOf))] }),
    status: trusted({ $in: [...livingStatuses] }),
  })
    .sort({ priority: 1, startedAt: 1, _id: 1 })
    .lean();
  const awake: AutomationRunRecord[] = [];
  for (const run of found) {
    const theirs = told.filter(({ subject }) => run.leadId.equals(subject.leadId ?? ""));
    const now = await hearAll(ctx, run, theirs);
    if (now) awake.push(now);
  }
  return [...awake, ...(await reviveRuns(ctx, told))];
}

/**
 * Events of the run's lead that it may have missed: those that were stored and not dispatched yet, since whoever was to
 * dispatch them may have died; and, for a run that has not moved yet, those that were dispatched before it was there,
 * since its own trigger may have been told late.
 * @returns what the first of them that means something to the run did to it.
 */
export async function hearMissed(ctx: TenantContext, run: AutomationRunRecord): Promise<Effect | undefined> {
  if (run.listens.length === 0) return undefined;
  const { Outbox } = await getCrmModels(ctx.clientCode);
  const hasMoved = run.version > 1;
  const rows = await Outbox.find({
    "subject.leadId": run.leadId.toHexString(),
    seq: trusted({ $gt: run.triggerEvent.seq }),
    ...(hasMoved ? { dispatchedAt: null } : {}),
  })
    .sort({ seq: 1 })
    .limit(100)
    .lean();
  const events = rows
    .map(toCrmEvent)
    .filter((event) => triggersOf(event).some((name) => run.listens.includes(name)));
  for (const event of events) {
    const effect = await hear(ctx, run, event);
    if (effect) return effect;
  }
  return undefined;
}

async function hearAll(
  ctx: TenantContext,
  found: AutomationRunRecord,
  events: readonly CrmEvent[],
): Promise<AutomationRunRecord | undefined> {
  const { AutomationRun } = await getCrmModels(ctx.clientCode);
  let run: AutomationRunRecord | null = found;
  let goesOn = false;
  for (const event of events) {
    const effect = await hear(ctx, run, event);
    if (effect === undefined) continue;
    if (effect === "ended") return undefined;
    goesOn ||= effect === "goes_on";
    run = await AutomationRun.findById(run._id).lean();
    if (!run) return undefined;
  }
  return goesOn ? run : undefined;
}

/** @returns what the event did to the run; undefined when nothing. */
async function hear(
  ctx: TenantContext,
  run: AutomationRunRecord,
  event: CrmEvent,
): Promise<Effect | undefined> {
  if (run.heard.includes(event.id) || event.seq <= run.triggerEvent.seq) return undefined;
  if (isSibling(run, event) || isOldNews(run, event)) return undefined;
  const definition = (await versionOf(ctx, run.ruleId, run.ruleVersion))?.definition;
  if (!definition) return undefined;
  const now = ctx.now();
  const meant = (list: readonly Parameters<typeof isMeant>[0][]) =>
    list.some((match) => isMeant(match, event, run.triggerEvent.data, now));
  const { exitOn, goal, rescheduleOn, restartOn } = eventsOf(definition);

  if (run.wait?.kind === "event" && isAwaited(definition, run, event, now))
    return wake(ctx, run, definition, event);
  if (meant(rescheduleOn)) return change(ctx, run, event, await rewind(ctx, run, definition, event));
  if (!countsAgainst(run, event)) return undefined;
  if (meant(restartOn)) return change(ctx, run, event, fromTheStart(run, definition, event));
  if (meant(goal)) return endBy(ctx, run, event, "completed", "goal");
  if (meant(exitOn)) return endBy(ctx, run, event, "exited", triggersOf(event)[0] ?? event.type);
  return undefined;
}

/** It was recorded together with the event that started the run. */
function isSibling(run: AutomationRunRecord, { causation }: CrmEvent): boolean {
  return causation.rootEventId === run.causation.rootEventId && causation.depth < run.causation.depth;
}

/**
 * An event counts against a run only if it is later than its trigger, has another root cause, and is not told of a
 * message that the run itself sent.
 */
function countsAgainst(run: AutomationRunRecord, event: CrmEvent): boolean {
  return (
    readPath(event.data, "sender.runId") !== run._id.toHexString() &&
    event.causation.rootEventId !== run.causation.rootEventId &&
    isLater(new Date(event.occurredAt).getTime(), run.triggerEvent.occurredAt.getTime())
  );
}

/** WhatsApp tells times in whole seconds: an answer of the trigger's own second came behind it in the log, so it is later. */
function isLater(at: number, trigger: number): boolean {
  return at > trigger || (at % secondMs === 0 && at === trigger - (trigger % secondMs));
}

function isAwaited(
  definition: RuleDefinition,
  run: AutomationRunRecord,
  event: CrmEvent,
  now: Date,
): boolean {
  const step = definition.steps.find(({ id }) => id === run.cursor.stepId);
  if (step?.type !== "wait_for") return false;
  const { events } = waitForSchema.parse(step);
  return events.some((wanted) =>
    isMeant(typeof wanted === "string" ? { event: wanted } : wanted, event, run.triggerEvent.data, now),
  );
}

async function wake(
  ctx: TenantContext,
  run: AutomationRunRecord,
  definition: RuleDefinition,
  event: CrmEvent,
): Promise<Effect | undefined> {
  const index = definition.steps.findIndex(({ id }) => id === run.cursor.stepId);
  const step = definition.steps[index];
  if (!step) return undefined;
  const to = waitForSchema.parse(step).onEvent ?? nextOf(step) ?? definition.steps[index + 1]?.id ?? null;
  const output = {
    event: triggersOf(event)[0] ?? event.type,
    eventId: event.id,
    timedOut: false,
    data: event.data,
  };
  const effect = await change(ctx, run, event, {
    cursor: { stepId: to, iteration: run.cursor.iteration },
    vars: { ...run.vars, [step.id]: { output } },
  });
  if (effect) await noteStep(ctx, run, step, { status: "succeeded", output, reason: output.event });
  return effect;
}

/** The rule begins again for this lead, as if it started with this event. */
function fromTheStart(run: AutomationRunRecord, definition: RuleDefinition, event: CrmEvent): Rewound {
  const { id, seq, type, name, data, subject, occurredAt } = event;
  const same = triggersOf(event).includes(definition.trigger.event);
  return {
    cursor: { stepId: definition.steps[0]?.id ?? null, iteration: run.cursor.iteration + 1 },
    vars: {},
    values: {},
    ...(same
      ? {
          triggerEvent: {
            id,
            seq,
            type,
            ...(name === undefined ? {} : { name }),
            data,
            subject,
            occurredAt: new Date(occurredAt),
          },
          causation: { ...run.causation, rootEventId: event.causation.rootEventId },
        }
      : {}),
  };
}

/** Takes the run from whoever holds it and puts it where it goes on. */
async function change(
  ctx: TenantContext,
  run: AutomationRunRecord,
  event: CrmEvent,
  to: Rewound,
): Promise<Effect | undefined> {
  const { AutomationRun } = await getCrmModels(ctx.clientCode);
  const now = ctx.now();
  const { modifiedCount } = await AutomationRun.updateOne(
    {
      _id: run._id,
      status: trusted({ $in: [...livingStatuses] }),
      heard: trusted({ $ne: event.id }),
      "cursor.stepId": run.cursor.stepId,
      "cursor.iteration": run.cursor.iteration,
    },
    {
      $set: {
        ...to,
        ...(to.cursor ? { wait: null, dueAt: now, lock: null, held: false, status: "active" } : {}),
        updatedAt: now,
      },
      $push: { heard: { $each: [event.id], $slice: -memory } },
      $inc: { version: 1 },
    },
  );
  if (modifiedCount === 0) return undefined;
  if (!to.cursor) return "told";
  await cancelAlarm(ctx, run);
  return "goes_on";
}

async function endBy(
  ctx: TenantContext,
  run: AutomationRunRecord,
  event: CrmEvent,
  status: "completed" | "exited",
  exitReason: string,
): Promise<Effect | undefined> {
  // One that began again in the meantime began after this event, perhaps by it.
  const same = { "triggerEvent.id": run.triggerEvent.id };
  const done = await endRunFromOutside(ctx, run, { status, exitReason }, same);
  if (done)
    ctx.logger.info("An event ended a run.", { runId: run._id.toHexString(), eventId: event.id, status });
  return done ? "ended" : undefined;
}
