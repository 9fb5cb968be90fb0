/** What a story came to, as the rows of the tenant's database tell, and what must hold for every one. */
import { trusted } from "mongoose";
import { createTenantContext } from "../../../src/lib/context/create.context";
import { toCrmEvent } from "../../../src/lib/tenant/commit.change";
import { dispatchEvents } from "../../../src/services/saas/automation/dispatch.events";
import { isOpenByTheClock } from "./open.hours";
import type { Course, Teller } from "./play.story";
import type { Story } from "./random.rules";
import type { ExpectedRun } from "./story.model";

const minute = 60_000;
const day = 24 * 60 * minute;
/** Processes that die are found and replaced within minutes, at each wait again; those that live take moments. */
const patience = { faulty: 25 * minute, healthy: 5 * minute };

/** Something that a step did, as its row in the tenant's database tells, whatever the engine noted. */
interface Effect {
  readonly runId: string;
  readonly stepId: string;
  /** Of the step, when a run takes it again. */
  readonly time: string;
  readonly kind: "tag" | "meeting" | "message";
  readonly at: Date;
}

export async function readEnd(teller: Teller) {
  const { Activity, AutomationDecision, AutomationRun, Meeting, Message, Outbox } = teller.tenant.models;
  const leadIds = trusted({ $in: teller.leads.map(({ id }) => id) });
  const runs = await AutomationRun.find({ leadId: leadIds }).sort({ startedAt: 1, _id: 1 }).lean();
  const meetings = await Meeting.find({ leadId: leadIds }).lean();
  const messages = await Message.find({ leadId: leadIds, direction: "outbound" }).lean();
  const tags = await Activity.find({
    leadId: leadIds,
    type: "tag_added",
    runId: trusted({ $ne: null }),
  }).lean();
  const effects: Effect[] = [
    ...meetings.map((row) => ({ ...keyOf(row.effectKey), kind: "meeting" as const, at: row.createdAt })),
    ...messages.map((row) => ({ ...keyOf(row.clientId), kind: "message" as const, at: row.createdAt })),
    ...tags.map((row) => ({
      runId: row.runId?.toHexString() ?? "",
      stepId: String(row.data.tag).split("_")[1] ?? "",
      time: "",
      kind: "tag" as const,
      at: row.at,
    })),
  ];
  return {
    runs,
    effects: effects.sort((a, b) => a.at.getTime() - b.at.getTime()),
    events: (await Outbox.find({}).sort({ seq: 1 }).lean()).map(toCrmEvent),
    undispatched: await Outbox.countDocuments({ dispatchedAt: null }),
    decisions: await AutomationDecision.find({ leadId: leadIds }).sort({ at: 1, _id: 1 }).lean(),
  };
}
export type StoryEnd = Awaited<ReturnType<typeof readEnd>>;

const keyOf = (effectKey: string | null | undefined) => {
  const [runId = "", stepId = "", time = ""] = (effectKey ?? "").split(":");
  return { runId, stepId, time };
};

/** Every effect once, none after its run's end, none outside its window, none above the cap, and nothing left over. */
export function expectSound(story: Story, { closedOn }: Course, teller: Teller, end: StoryEnd): void {
  expect(end.undispatched).toBe(0);
  const keys = end.effects.map(({ runId, stepId, time }) => `${runId}:${stepId}:${time}`);
  expect(keys).toEqual([...new Set(keys)]);
  const known = new Set(end.runs.map(({ _id }) => _id.toHexString()));
  expect(end.effects.filter(({ runId }) => !known.has(runId))).toEqual([]);
  for (const run of end.runs) {
    expect(run).toMatchObject({
      status: expect.stringMatching(/^(completed|exited|failed)$/),
      held: false,
      lock: null,
    });
    const rule = story.rules[teller.ruleIds.indexOf(run.ruleId.toHexString())];
    const lead = teller.leads.findIndex(({ id }) => run.leadId.equals(id));
    const zone = story.zones[lead] ?? story.tenantZone;
    for (const { runId, stepId, kind, at } of end.effects) {
      if (runId !== run._id.toHexString()) continue;
      expect(at.getTime()).toBeLessThanOrEqual(run.endedAt?.getTime() ?? 0);
      const step = rule?.steps[Number(stepId.slice(1))];
      if (!rule?.window || kind !== "message" || (step?.kind === "send" && step.atAnyTime)) continue;
      const { timezone } = rule.window;
      const asked = timezone === "lead" ? zone : timezone === "tenant" ? story.tenantZone : timezone;
      const closed = rule.window.holidays === "closed" ? closedOn : new Set<string>();
      const open = isOpenByTheClock({ ...rule.window, zone: asked, closedOn: closed }, at.getTime());
      expect({ at: at.toISOString(), asked, window: rule.window, open }).toMatchObject({ open: true });
    }
  }
  if (story.cap !== null) expectCapped(story.cap, teller, end);
}

function expectCapped(cap: number, teller: Teller, end: StoryEnd): void {
  for (const { id } of teller.leads) {
    const theirs = new Set(
      end.runs.filter(({ leadId }) => leadId.equals(id)).map(({ _id }) => _id.toHexString()),
    );
    const sent = end.effects.filter(({ kind, runId }) => kind === "message" && theirs.has(runId));
    sent.forEach(({ at }, index) => {
      const next = sent[index + cap];
      if (next) expect(next.at.getTime() - at.getTime()).toBeGreaterThanOrEqual(day - minute);
    });
  }
}

/** The very runs that the model expects: whom, by which rule, what came of it, which effects, and when. */
export function expectAsForeseen(teller: Teller, end: StoryEnd, expected: readonly ExpectedRun[]): void {
  const label = (lead: number, rule: number) => `lead ${lead}, rule ${rule}`;
  const sorted = <T extends { way: string }>(ways: readonly T[]) =>
    [...ways].sort((a, b) => (a.way < b.way ? -1 : a.way > b.way ? 1 : 0));
  const seen = sorted(
    end.runs.map((run) => ({
      way: label(
        teller.leads.findIndex(({ id }) => run.leadId.equals(id)),
        teller.ruleIds.indexOf(run.ruleId.toHexString()),
      ),
      status: run.status,
      effects: end.effects.filter(({ runId }) => run._id.equals(runId)),
    })),
  );
  const foreseen = sorted(expected.map(({ lead, rule, ...rest }) => ({ way: label(lead, rule), ...rest })));
  const late = teller.faulty ? patience.faulty : patience.healthy;
  const inTime = (at: Date, span: { from: number; to: number } | undefined): string => {
    if (!span) return at.toISOString();
    const [from, to] = [span.from - 1_000, span.to + late];
    return from <= at.getTime() && at.getTime() <= to
      ? "in time"
      : `${at.toISOString()}, expected from ${new Date(from).toISOString()} to ${new Date(to).toISOString()}`;
  };
  const who = teller.faulty ? "Where processes died:" : "Where nobody died:";
  expect([
    who,
    ...seen.map(({ way, status, effects }, place) => [
      `${way}: ${status}`,
      ...effects.map(
        ({ stepId, kind, at }, index) => `${stepId} ${kind} ${inTime(at, foreseen[place]?.effects[index])}`,
      ),
    ]),
  ]).toEqual([
    who,
    ...foreseen.map(({ way, status, effects }) => [
      `${way}: ${status}`,
      ...effects.map(({ stepId, kind }) => `${stepId} ${kind} in time`),
    ]),
  ]);
}

/** What people would see of it, without ids and times. */
export function told(teller: Teller, end: StoryEnd) {
  return end.runs
    .map((run) =>
      [
        `lead ${teller.leads.findIndex(({ id }) => run.leadId.equals(id))}`,
        `rule ${teller.ruleIds.indexOf(run.ruleId.toHexString())}`,
        run.status,
        run.exitReason ?? "-",
        ...end.effects
          .filter(({ runId }) => run._id.equals(runId))
          .map(({ kind, stepId }) => `${stepId} ${kind}`),
      ].join(", "),
    )
    .sort();
}

/** One event after the other was put to each rule, where nobody died. What a rule does is told on the spot, in between. */
export function expectInOrder(end: StoryEnd): void {
  const seqOf = new Map(
    end.events.filter(({ causation }) => causation.depth === 0).map(({ id, seq }) => [id, seq]),
  );
  const last = new Map<string, number>();
  for (const { ruleId, leadId, eventId } of end.decisions) {
    const pair = `${String(ruleId)} ${String(leadId)}`;
    const seq = seqOf.get(eventId);
    if (seq === undefined) continue;
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
