/** What a story came to, and what must hold for every one. */
import { DateTime } from "luxon";
import { trusted } from "mongoose";
import { createTenantContext } from "../../../src/lib/context/create.context";
import { toCrmEvent } from "../../../src/lib/tenant/commit.change";
import type { AutomationRunRecord } from "../../../src/model/saas/automation.run.schema";
import { dispatchEvents } from "../../../src/services/saas/automation/dispatch.events";
import { type EventMatch, isMeant } from "../../../src/services/saas/automation/event.match";
import { ruleDefinitionSchema } from "../../../src/services/saas/automation/rule.contract";
import type { Teller } from "./play.story";
import { openHours, type Story } from "./random.rules";

/** Something that a step did, as its row in the tenant's database tells, whatever the engine noted. */
interface Effect {
  readonly runId: string;
  readonly stepId: string;
  readonly kind: "tag" | "meeting" | "message";
  readonly at: Date;
}

export async function readEnd(teller: Teller) {
  const { Activity, AutomationDecision, AutomationRun, Meeting, Message, Outbox } = teller.tenant.models;
  const runs = await AutomationRun.find({ leadId: trusted({ $in: teller.leadIds }) })
    .sort({ startedAt: 1, _id: 1 })
    .lean();
  const meetings = await Meeting.find({}).lean();
  const messages = await Message.find({ direction: "outbound" }).lean();
  const tags = await Activity.find({ type: "tag_added", runId: trusted({ $ne: null }) }).lean();
  const ours = new Set(runs.map(({ _id }) => _id.toHexString()));
  const effects: Effect[] = [
    ...meetings.map((row) => ({ ...keyOf(row.effectKey), kind: "meeting" as const, at: row.createdAt })),
    ...messages.map((row) => ({ ...keyOf(row.clientId), kind: "message" as const, at: row.createdAt })),
    ...tags.map((row) => ({
      runId: row.runId?.toHexString() ?? "",
      stepId: String(row.data.tag).split("_")[1] ?? "",
      kind: "tag" as const,
      at: row.at,
    })),
  ];
  return {
    runs,
    effects: effects.filter(({ runId }) => ours.has(runId)).sort((a, b) => a.at.getTime() - b.at.getTime()),
    events: (await Outbox.find({}).sort({ seq: 1 }).lean()).map(toCrmEvent),
    undispatched: await Outbox.countDocuments({ dispatchedAt: null }),
    decisions: await AutomationDecision.find({ leadId: trusted({ $in: teller.leadIds }) })
      .sort({ at: 1, _id: 1 })
      .lean(),
  };
}
export type StoryEnd = Awaited<ReturnType<typeof readEnd>>;

const keyOf = (effectKey: string | null | undefined) => {
  const [runId = "", stepId = ""] = (effectKey ?? "").split(":");
  return { runId, stepId };
};

/** Every effect once, none after its exit, none outside its window, in the order of the steps, and nothing left over. */
export function expectSound(story: Story, teller: Teller, end: StoryEnd): void {
  expect(end.undispatched).toBe(0);
  const keys = end.effects.map(({ runId, stepId }) => `${runId}:${stepId}`);
  expect(keys).toEqual([...new Set(keys)]);
  for (const run of end.runs) {
    expect(run).toMatchObject({
      status: expect.stringMatching(/^(completed|exited)$/),
      held: false,
      lock: null,
    });
    const effects = end.effects.filter(({ runId }) => runId === run._id.toHexString());
    expect(effects.map(({ stepId }) => stepId)).toEqual(effects.map(({ stepId }) => stepId).sort());
    expectNothingAfterExit(story, teller, end, run, effects);
    const zone = story.zones[teller.leadIds.indexOf(run.leadId.toHexString())] ?? "";
    for (const { kind, at } of effects) if (kind === "message") expectOpen(at, zone);
  }
}

function expectNothingAfterExit(
  story: Story,
  teller: Teller,
  end: StoryEnd,
  run: AutomationRunRecord,
  effects: readonly Effect[],
): void {
  const rule = story.rules[teller.ruleIds.indexOf(run.ruleId.toHexString())];
  const { exitOn } = ruleDefinitionSchema.parse(rule);
  const exit = end.events.find(
    (event) =>
      event.subject.leadId === run.leadId.toHexString() &&
      event.seq > run.triggerEvent.seq &&
      event.causation.rootEventId !== run.causation.rootEventId &&
      exitOn.some((match: EventMatch) => isMeant(match, event, run.triggerEvent.data, new Date())),
  );
  const endedAt = run.endedAt?.getTime() ?? 0;
  for (const { at } of effects) expect(at.getTime()).toBeLessThanOrEqual(endedAt);
  if (!exit) {
    expect(run.status).toBe("completed");
    return;
  }
  const exitAt = Date.parse(exit.occurredAt);
  for (const { at } of effects) expect(at.getTime()).toBeLessThanOrEqual(exitAt);
  expect(run.status).toBe(endedAt < exitAt ? "completed" : "exited");
}

function expectOpen(at: Date, zone: string): void {
  const { hour, weekday } = DateTime.fromJSDate(at, { zone });
  const open = openHours.from <= hour && hour < openHours.to && openHours.days.some((day) => day === weekday);
  expect({ at: at.toISOString(), zone, open }).toMatchObject({ open: true });
}

/** What people would see of it, without ids and times: the same for whoever lived through the same. */
export function told(teller: Teller, end: StoryEnd) {
  const ways = end.runs.map((run) => {
    const did = end.effects.filter(({ runId }) => runId === run._id.toHexString());
    return [
      `lead ${teller.leadIds.indexOf(run.leadId.toHexString())}`,
      `rule ${teller.ruleIds.indexOf(run.ruleId.toHexString())}`,
      run.status,
      run.exitReason ?? "-",
      ...did.map(({ kind, stepId }) => `${stepId} ${kind}`),
    ].join(", ");
  });
  return ways.sort();
}

/** One event after the other was put to each rule, where nobody died. */
export function expectInOrder(end: StoryEnd): void {
  const seqOf = new Map(end.events.map(({ id, seq }) => [id, seq]));
  const last = new Map<string, number>();
  for (const { ruleId, leadId, eventId } of end.decisions) {
    const pair = `${String(ruleId)} ${String(leadId)}`;
    const seq = seqOf.get(eventId) ?? 0;
    expect(seq).toBeGreaterThan(last.get(pair) ?? 0);
    last.set(pair, seq);
  }
}

/** Tells every event once more, by two processes at once. */
export async function tellAgain({ tenant }: Teller, { events }: StoryEnd): Promise<void> {
  const { clientCode, actor } = tenant.ctx;
  const ctx = createTenantContext({ clientCode, actor, requestId: "req_again", dispatch: dispatchEvents });
  await Promise.all([dispatchEvents(ctx, events), dispatchEvents(ctx, [...events].reverse())]);
}
