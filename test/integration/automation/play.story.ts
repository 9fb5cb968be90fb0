/** Plays a story under the stack's clock, for two tenants side by side: all goes well with one, the other's processes die. */
import { trusted } from "mongoose";
import { jobHandlers } from "../../../src/jobs/handlers";
import type { JobHandlers } from "../../../src/jobs/queue/job.handler";
import { moveClock, now } from "../../../src/lib/clock/clock";
import { createTenantContext } from "../../../src/lib/context/create.context";
import type { EventDispatcher, TenantContext } from "../../../src/lib/context/tenant.context";
import { createRule } from "../../../src/services/saas/automation/automation.service";
import { dispatchEvents } from "../../../src/services/saas/automation/dispatch.events";
import { ruleDefinitionSchema } from "../../../src/services/saas/automation/rule.contract";
import {
  addTags,
  createLead,
  getLead,
  removeTags,
  updateLead,
} from "../../../src/services/saas/crm/lead.service";
import { drainAll } from "../../setup/drain";
import type { WhatsAppTenant } from "../whatsapp/whatsapp.stack";
import type { Fault, Happening, Story } from "./random.rules";

const minute = 60_000;
const hour = 60 * minute;

/** A tenant in whose database a story happened. */
export interface Teller {
  readonly tenant: WhatsAppTenant;
  /** Whether its processes die as the story says. */
  readonly faulty: boolean;
  ruleIds: string[];
  leadIds: string[];
}

let phone = 447_700_920_000;

/** Plays the story to its end: no run is left, and nothing is due. */
export async function play(story: Story, tellers: readonly Teller[]): Promise<void> {
  // A quarter to, so that what happens and what was delayed never meet.
  const start = Math.ceil(now().getTime() / hour) * hour + 45 * minute;
  await passTime(start, tellers, { kind: "works" });
  for (const teller of tellers) await begin(story, teller);
  await recover(tellers);
  let at = start;
  for (const happening of story.happenings) {
    at += happening.hours * hour;
    await passTime(at, tellers, happening.queue);
    for (const teller of tellers) await happen(teller, happening);
    await recover(tellers);
  }
  await passTime(at + 8 * 24 * hour, tellers, { kind: "works" });
}

async function begin(story: Story, teller: Teller): Promise<void> {
  teller.ruleIds = [];
  teller.leadIds = [];
  const ctx = contextOf(teller, dispatchEvents);
  for (const definition of story.rules) {
    const parsed = ruleDefinitionSchema.parse(definition);
    teller.ruleIds.push((await createRule(ctx, { name: "rule", definition: parsed, enabled: true })).id);
  }
  for (const timezone of story.zones) {
    phone += 1;
    const consent = { whatsapp: { optIn: true } };
    const lead = await createLead(ctx, { firstName: "Ana", phone: `+${phone}`, timezone, consent });
    teller.leadIds.push(lead.id);
  }
}

async function happen(teller: Teller, { lead, kind, fault }: Happening): Promise<void> {
  const dispatch = teller.faulty ? faulty(fault) : dispatchEvents;
  const ctx = contextOf(teller, dispatch);
  const id = teller.leadIds[lead] ?? "";
  if (kind === "company") await updateLead(ctx, { id }, { company: `Company of ${now().toISOString()}` });
  else if (kind === "stop") await addTags(ctx, { id, tags: ["stop"] });
  else if ((await getLead(ctx, id)).tags.includes("go")) await removeTags(ctx, { id, tags: ["go"] });
  else await addTags(ctx, { id, tags: ["go"] });
}

/** Goes from one due time of a run to the next; whatever is due is done before time goes on. */
async function passTime(to: number, tellers: readonly Teller[], queue: Happening["queue"]): Promise<void> {
  for (;;) {
    const due = await Promise.all(tellers.map(nextDue));
    const next = Math.min(to, ...due);
    if (next > now().getTime()) await moveClock({ to: new Date(next) });
    if (next >= to) return;
    const broken = tellers.filter(({ faulty }) => faulty);
    await drainAll(dispatchEvents, queue.kind === "dies" ? dying(broken, queue.after) : jobHandlers);
    if (queue.kind !== "works") await recover(tellers);
  }
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
