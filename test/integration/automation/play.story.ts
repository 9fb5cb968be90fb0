/** Plays a story under the stack's clock, for two tenants side by side: all goes well with one, the other's processes die. */
import { DateTime } from "luxon";
import { trusted } from "mongoose";
import { drain } from "../../../src/jobs/drain";
import { jobHandlers } from "../../../src/jobs/handlers";
import { queueNames } from "../../../src/jobs/queue/job.catalog";
import type { JobHandlers } from "../../../src/jobs/queue/job.handler";
import { moveClock, now } from "../../../src/lib/clock/clock";
import { createTenantContext } from "../../../src/lib/context/create.context";
import type { EventDispatcher, TenantContext } from "../../../src/lib/context/tenant.context";
import { createRule } from "../../../src/services/saas/automation/automation.service";
import { dispatchEvents } from "../../../src/services/saas/automation/dispatch.events";
import { receiveExternalEvent } from "../../../src/services/saas/automation/external.event.service";
import { ruleDefinitionSchema } from "../../../src/services/saas/automation/rule.contract";
import {
  addTags,
  createLead,
  getLead,
  moveLeadToStageKey,
  removeTags,
  updateLead,
} from "../../../src/services/saas/crm/lead.service";
import { updateSettings } from "../../../src/services/saas/crm/settings.service";
import { drainAll } from "../../setup/drain";
import {
  contactOf,
  customerMessage,
  type WhatsAppStack,
  type WhatsAppTenant,
  webhookBody,
} from "../whatsapp/whatsapp.stack";
import type { Fault, Story } from "./random.rules";
import { ruleOfStory, watchedStage } from "./rule.of.story";
import { type Planned, planOf } from "./story.plan";

const minute = 60_000;
const hour = 60 * minute;

/** A tenant in whose database a story happened. */
export interface Teller {
  readonly tenant: WhatsAppTenant;
  /** Whether its processes die as the story says. */
  readonly faulty: boolean;
  ruleIds: string[];
  leads: { readonly id: string; readonly phone: string }[];
  /** Where they are by now. */
  stages: string[];
}

/** When what happens. */
export interface Course {
  readonly start: number;
  readonly plan: readonly Planned[];
  readonly closedOn: ReadonlySet<string>;
}

let phone = 447_700_920_000;

/** When the story would happen if it began now: a quarter to an hour, or the evening before the clocks change. */
export function courseOf(story: Story): Course {
  const soon = Math.ceil(now().getTime() / hour) * hour;
  const change = story.clocksChange ? nextChange(story, soon + 30 * hour) : undefined;
  const start = (change === undefined ? soon : change - 30 * hour) + 45 * minute;
  const day = DateTime.fromMillis(start, { zone: "utc" });
  const closedOn = new Set(story.holidays.map((days) => day.plus({ days }).toFormat("yyyy-MM-dd")));
  return { start, plan: planOf(story, start), closedOn };
}

/** The next hour at which some lead's clock is changed. */
function nextChange({ zones, tenantZone }: Story, from: number): number | undefined {
  const offsets = (at: number) =>
    zones.map((zone) => DateTime.fromMillis(at, { zone: zone ?? tenantZone }).offset).join();
  for (let at = from; at < from + 366 * 24 * hour; at += hour)
    if (offsets(at) !== offsets(at - hour)) return at;
  return undefined;
}

/** Plays the story to its end: no run is left, and nothing is due. */
export async function play(
  stack: WhatsAppStack,
  story: Story,
  course: Course,
  tellers: readonly Teller[],
): Promise<void> {
  const { start, plan } = course;
  await passTime(start, tellers, { kind: "works" });
  for (const teller of tellers) await begin(story, course, teller);
  await recover(tellers);
  for (const [index, planned] of plan.entries()) {
    await passTime(planned.at, tellers, planned.queue);
    for (const teller of tellers) await happen(stack, teller, planned);
    // The second of two comes before anybody misses the first; what the first had queued is done by then.
    if ((plan[index + 1]?.at ?? Number.POSITIVE_INFINITY) - planned.at >= hour) await recover(tellers);
    else await drain({ queues: queueNames, concurrency: 8, dispatch: dispatchEvents, untilIdleMs: 0 });
  }
  await passTime(Number.POSITIVE_INFINITY, tellers, { kind: "works" });
}

async function begin(story: Story, { closedOn }: Course, teller: Teller): Promise<void> {
  teller.ruleIds = [];
  teller.leads = [];
  teller.stages = [];
  const ctx = contextOf(teller, dispatchEvents);
  const frequencyCap = story.cap === null ? null : { messages: story.cap, per: "P1D" };
  const automation = { startsPerMinute: 1_000, frequencyCap };
  await updateSettings(ctx, { timezone: story.tenantZone, holidays: [...closedOn], automation }, undefined);
  for (const [place, rule] of story.rules.entries()) {
    const definition = ruleDefinitionSchema.parse(ruleOfStory(rule, place));
    teller.ruleIds.push((await createRule(ctx, { name: "rule", definition, enabled: true })).id);
  }
  for (const timezone of story.zones) {
    phone += 1;
    const theirs = String(phone);
    const zone = timezone === null ? {} : { timezone };
    const consent = { whatsapp: { optIn: true } };
    const { id } = await createLead(ctx, { firstName: "Ana", phone: `+${theirs}`, consent, ...zone });
    teller.leads.push({ id, phone: theirs });
  }
}

async function happen(stack: WhatsAppStack, teller: Teller, { lead, deed, fault }: Planned): Promise<void> {
  const dispatch = teller.faulty && fault ? faulty(fault) : dispatchEvents;
  const ctx = contextOf(teller, dispatch);
  const { id = "", phone: from = "" } = teller.leads[lead] ?? {};
  switch (deed.kind) {
    case "nothing":
      return;
    case "company":
      await updateLead(ctx, { id }, { company: deed.company });
      return;
    case "stop":
      await addTags(ctx, { id, tags: ["stop"] });
      return;
    case "go":
      if ((await getLead(ctx, id)).tags.includes("go")) await removeTags(ctx, { id, tags: ["go"] });
      else await addTags(ctx, { id, tags: ["go"] });
      return;
    case "stage": {
      teller.stages[lead] = teller.stages[lead] === watchedStage ? "new" : watchedStage;
      await moveLeadToStageKey(ctx, { id, stageKey: teller.stages[lead] ?? "" });
      return;
    }
    case "reply": {
      const timestamp = String(Math.floor(now().getTime() / 1000));
      const messages = [customerMessage(from, { timestamp })];
      await stack.deliver(
        webhookBody(teller.tenant.number, { contacts: [contactOf(from, "Ana")], messages }),
      );
      const { clientCode } = teller.tenant.ctx;
      await drainAll((theirs, events) =>
        theirs.clientCode === clientCode ? dispatch(theirs, events) : dispatchEvents(theirs, events),
      );
      return;
    }
    case "appointment": {
      const { type, appointmentId, sequence, startsAt } = deed;
      const data = { appointmentId, sequence, startsAt: new Date(startsAt).toISOString() };
      const event = { id: `${type}-${appointmentId}-${sequence}`, type, subject: { leadId: id }, data };
      await receiveExternalEvent(ctx, event);
    }
  }
}

/** Goes from one due time of a run to the next; whatever is due is done before time goes on. */
async function passTime(to: number, tellers: readonly Teller[], queue: Planned["queue"]): Promise<void> {
  for (;;) {
    const next = Math.min(...(await Promise.all(tellers.map(nextDue))));
    const goal = Math.min(to, next);
    if (goal === Number.POSITIVE_INFINITY) return;
    await moveClock({ byMs: Math.max(0, goal - now().getTime()) });
    if (next >= to) return;
    await workOff(tellers, queue);
  }
}

async function workOff(tellers: readonly Teller[], queue: Planned["queue"]): Promise<void> {
  if (queue.kind === "works") await drainAll(dispatchEvents);
  if (queue.kind === "two") await Promise.all([drainAll(dispatchEvents), drainAll(dispatchEvents)]);
  if (queue.kind !== "dies") return;
  const broken = tellers.filter(({ faulty }) => faulty);
  await drainAll(dispatchEvents, dying(broken, queue.after));
  await recover(tellers);
}

/** What is due and did not go on waits for the sweep, or for another try of its job. */
async function nextDue({ tenant }: Teller): Promise<number> {
  const run = await tenant.models.AutomationRun.findOne({ dueAt: trusted({ $ne: null }) })
    .sort({ dueAt: 1 })
    .lean();
  if (!run?.dueAt) return Number.POSITIVE_INFINITY;
  const dueAt = run.dueAt.getTime() + 1;
  return dueAt > now().getTime() ? dueAt : now().getTime() + minute;
}

/** Two minutes later the sweep has taken up what the dead left, and a job that failed was tried again. */
async function recover(tellers: readonly Teller[]): Promise<void> {
  for (let round = 0; round < 3; round += 1) {
    await drainAll(dispatchEvents);
    if (!(await isLeft(tellers))) return;
    await moveClock({ byMs: 2 * minute });
  }
}

async function isLeft(tellers: readonly Teller[]): Promise<boolean> {
  for (const { tenant } of tellers) {
    const { AutomationRun, Outbox } = tenant.models;
    if (await Outbox.exists({ dispatchedAt: null })) return true;
    if (await AutomationRun.exists({ dueAt: trusted({ $lt: now() }) })) return true;
    if (await AutomationRun.exists({ held: true })) return true;
  }
  return false;
}

/** A process whose clock is gone after so many looks can do nothing more: each of its writes needs the time. */
function mortal(ctx: TenantContext, life: { left: number }): TenantContext {
  return {
    ...ctx,
    now() {
      life.left -= 1;
      if (life.left < 0) throw new Error("This process is dead.");
      return now();
    },
  };
}

function faulty(fault: Fault): EventDispatcher {
  if (fault.kind === "lost") return async () => undefined;
  if (fault.kind === "twice")
    return async (ctx, events) => {
      await Promise.all([dispatchEvents(ctx, events), dispatchEvents(ctx, events)]);
    };
  const life = { left: fault.after };
  return (ctx, events) => dispatchEvents(mortal(ctx, life), events);
}

function dying(tellers: readonly Teller[], after: number): JobHandlers {
  const life = { left: after };
  return {
    ...jobHandlers,
    "automation.run": async () => {
      const handler = await jobHandlers["automation.run"]();
      return (ctx, payload, job) => {
        const theirs = tellers.some(({ tenant }) => tenant.ctx.clientCode === ctx.clientCode);
        return handler(theirs ? mortal(ctx, life) : ctx, payload, job);
      };
    },
  };
}

function contextOf({ tenant }: Teller, dispatch: EventDispatcher): TenantContext {
  const { clientCode, actor } = tenant.ctx;
  return createTenantContext({ clientCode, actor, requestId: "req_story", dispatch });
}
