/**
 * What a story must come to, worked out from what happened and from what the documentation promises, without a line of
 * the engine. Times are spans: a send that waited for its window goes out within a quarter of an hour of the opening.
 */
import { isOpenByTheClock, nextOpening, type WallWindow } from "./open.hours";
import {
  cooldownHours,
  type Signal,
  type Story,
  type StoryRule,
  type StoryStep,
  tagOf,
} from "./random.rules";
import type { Deed, Planned } from "./story.plan";

const minute = 60_000;
const hour = 60 * minute;
const spreadMs = 15 * minute;

interface Span {
  readonly from: number;
  readonly to: number;
}

export interface ExpectedEffect extends Span {
  readonly stepId: string;
  readonly kind: "tag" | "meeting" | "message";
}

export interface ExpectedRun {
  readonly lead: number;
  readonly rule: number;
  readonly status: "completed" | "exited" | "failed";
  readonly effects: readonly ExpectedEffect[];
}

interface Happened {
  readonly seq: number;
  readonly at: number;
  /** Of what happened at once, or because of it. */
  readonly root: number;
  readonly lead: number;
  /** How rules may name it. */
  readonly names: readonly (Signal | "born" | "booked" | `tag:${string}`)[];
  readonly appointment: Appointment | null;
}

interface Appointment {
  readonly id: string;
  readonly sequence: number;
  readonly startsAt: number;
}

interface Lead {
  readonly zone: string;
  company: string | null;
  readonly tags: Set<string>;
  contacted: boolean;
  readonly log: Happened[];
}

interface Run {
  readonly lead: number;
  readonly rule: number;
  readonly startedAt: number;
  readonly trigger: Happened;
  readonly key: string;
  readonly company: string | null;
  appointment: Appointment | null;
  readonly heard: Set<number>;
  place: number;
  wait: ({ readonly kind: "delay" | "listen" | "window" } & Span) | null;
  status: "living" | ExpectedRun["status"];
  readonly effects: ExpectedEffect[];
  /** Waits until a time of the appointment that are behind it. */
  readonly passed: Set<number>;
  byGoal: boolean;
}

/** The story ran into a moment at which a few seconds decide: it was drawn badly, and says nothing. */
export class PhotoFinish extends Error {
  override readonly name = "PhotoFinish";
}

/** @param closedOn the tenant's holidays. @param start when the leads were made. */
export function expectedOf(
  story: Story,
  { start, plan, closedOn }: { start: number; plan: readonly Planned[]; closedOn: ReadonlySet<string> },
  told: "at_once" | "some_late",
): ExpectedRun[] {
  const world = new World(story, closedOn);
  story.zones.forEach((_zone, lead) => {
    world.tell(world.born(lead, start), start);
  });
  let late: Happened[] = [];
  plan.forEach((planned, index) => {
    world.passTime(planned.at);
    const events = world.happen(planned.lead, planned.deed, planned.at);
    if (told === "some_late" && plan[index + 1]?.overtakes === true) {
      late = events;
      return;
    }
    world.tell(events, planned.at);
    world.tell(late, planned.at);
    late = [];
  });
  world.passTime(Number.POSITIVE_INFINITY);
  return world.runs.map(({ lead, rule, status, effects }) => {
    if (status === "living") throw new Error("A run of the model never ends.");
    return { lead, rule, status, effects };
  });
}

class World {
  readonly runs: Run[] = [];
  private readonly leads: Lead[];
  private readonly known = new Set<string>();
  private seq = 0;
  private roots = 0;
  private turn: Run | null = null;
  private readonly later: { run: Run; at: Span }[] = [];

  constructor(
    private readonly story: Story,
    private readonly closedOn: ReadonlySet<string>,
  ) {
    this.leads = story.zones.map((zone) => ({
      zone: zone ?? story.tenantZone,
      company: null,
      tags: new Set(),
      contacted: false,
      log: [],
    }));
  }

  born(lead: number, at: number): Happened[] {
    return this.log(lead, at, [{ names: ["born"] }, { names: ["staged"] }]);
  }

  /** @returns what is there to be told. */
  happen(place: number, deed: Deed, at: number): Happened[] {
    const lead = this.leadAt(place);
    switch (deed.kind) {
      case "nothing":
        return [];
      case "company":
        if (lead.company === deed.company) return [];
        lead.company = deed.company;
        return this.log(place, at, [{ names: ["company"] }]);
      case "go":
        if (lead.tags.delete("go")) return this.log(place, at, [{ names: ["go_off"] }]);
        lead.tags.add("go");
        return this.log(place, at, [{ names: ["go_on"] }]);
      case "stop":
        if (lead.tags.has("stop")) return [];
        lead.tags.add("stop");
        return this.log(place, at, [{ names: ["stop"] }]);
      case "stage":
        lead.contacted = !lead.contacted;
        return this.log(place, at, [{ names: lead.contacted ? ["stage", "staged"] : ["staged"] }]);
      case "reply":
        return this.log(place, at, [{ names: ["reply"] }]);
      case "appointment": {
        const { type, appointmentId: id, sequence, startsAt } = deed;
        const told = `${type}:${id}:${sequence}`;
        if (this.known.has(told)) return [];
        this.known.add(told);
        const name = {
          appointment_confirmed: "booked",
          appointment_rescheduled: "moved",
          appointment_cancelled: "cancelled",
        } as const;
        return this.log(place, at, [{ names: [name[type]], appointment: { id, sequence, startsAt } }]);
      }
    }
  }

  /** Living runs hear of it first, then rules begin. */
  tell(events: readonly Happened[], now: number): void {
    const at = { from: now, to: now };
    const living = this.runs.filter(({ status }) => status === "living");
    const awake = living.filter(
      (run) => events.filter((event) => this.hear(run, event, now) === "goes_on").length > 0,
    );
    const again = [...this.runs]
      .reverse()
      .filter((run) => events.some((event) => this.comesAgain(run, event, now)));
    for (const run of [...awake, ...again]) this.advance(run, at);
    for (const event of events) this.putToRules(event, at);
  }

  passTime(to: number): void {
    for (;;) {
      const waiting = this.runs.filter(({ status, wait }) => status === "living" && wait !== null);
      const [next] = waiting.sort((a, b) => (a.wait?.from ?? 0) - (b.wait?.from ?? 0));
      if (!next?.wait) return;
      const { wait } = next;
      if (wait.from > to) return;
      if (wait.to + 2 * minute > to) throw new PhotoFinish("Something happens while a wait ends.");
      this.resume(next, wait);
    }
  }

  private resume(run: Run, wait: Span & { kind: "delay" | "listen" | "window" }): void {
    const step = this.ruleOf(run).steps[run.place];
    run.wait = null;
    if (step?.kind === "until") run.passed.add(run.place);
    if (wait.kind === "delay") run.place += 1;
    if (wait.kind === "listen" && step?.kind === "listen") run.place += step.onTimeout;
    this.advance(run, wait);
  }

  private log(
    lead: number,
    at: number,
    events: readonly { names: Happened["names"]; appointment?: Appointment }[],
    cause?: number,
  ): Happened[] {
    this.roots += 1;
    const root = cause ?? this.roots;
    const rows = events.map(({ names, appointment = null }) => {
      this.seq += 1;
      return { seq: this.seq, at, root, lead, names, appointment };
    });
    this.leadAt(lead).log.push(...rows);
    return rows;
  }

  private hear(run: Run, event: Happened, now: number): "goes_on" | undefined {
    if (run.lead !== event.lead || run.status !== "living") return undefined;
    if (event.seq <= run.trigger.seq || event.root === run.trigger.root || run.heard.has(event.seq))
      return undefined;
    run.heard.add(event.seq);
    const rule = this.ruleOf(run);
    const own = event.appointment !== null && event.appointment.id === run.appointment?.id;
    if (event.appointment && own && event.appointment.sequence < (run.appointment?.sequence ?? 0))
      return undefined;
    const means = (signal: Signal | null): boolean =>
      signal !== null && event.names.includes(signal) && (event.appointment === null || own);
    const step = rule.steps[run.place];
    if (run.wait?.kind === "listen" && step?.kind === "listen" && means(step.to)) {
      run.wait = null;
      run.place += step.onEvent;
      return "goes_on";
    }
    if (rule.follows && means("moved")) {
      run.appointment = event.appointment;
      return this.rewind(run, rule, now);
    }
    run.byGoal = means(rule.goal);
    if (run.byGoal) run.status = "completed";
    else if (rule.exitOn.some(means)) run.status = "exited";
    return undefined;
  }

  /** Back to the first reminder whose time is to come again; a delay that it stands on begins anew. */
  private rewind(run: Run, rule: StoryRule, now: number): "goes_on" | undefined {
    const startsAt = run.appointment?.startsAt ?? 0;
    const again = rule.steps.findIndex(
      (step, place) => place <= run.place && step.kind === "until" && startsAt - step.hours * hour > now,
    );
    const standing = rule.steps[run.place]?.kind;
    if (again < 0 && standing !== "until" && standing !== "delay") return undefined;
    if (again >= 0) run.place = again;
    run.wait = null;
    return "goes_on";
  }

  /** Reminders that were all given come again when their appointment moves, unless another run of the rule lives. */
  private comesAgain(run: Run, event: Happened, now: number): boolean {
    const { appointment } = event;
    if (run.status !== "completed" || run.byGoal || run.lead !== event.lead || !appointment) return false;
    if (event.seq <= run.trigger.seq || run.heard.has(event.seq) || !event.names.includes("moved"))
      return false;
    const isOwn = appointment.id === run.appointment?.id;
    if (!isOwn || appointment.sequence < (run.appointment?.sequence ?? 0)) return false;
    const { follows, steps } = this.ruleOf(run);
    const place = steps.findIndex(
      (step, each) =>
        run.passed.has(each) && step.kind === "until" && appointment.startsAt - step.hours * hour > now,
    );
    const twin = (other: Run) => other.lead === run.lead && other.rule === run.rule && other.key === run.key;
    const lives = this.runs.some((other) => twin(other) && other.status === "living");
    if (!follows || place < 0 || lives) return false;
    run.heard.add(event.seq);
    run.appointment = appointment;
    run.place = place;
    run.status = "living";
    return true;
  }

  private putToRules(event: Happened, at: Span): void {
    this.story.rules.forEach((rule, index) => {
      const wanted = typeof rule.trigger === "object" ? (`tag:${rule.trigger.tag}` as const) : rule.trigger;
      if (!event.names.includes(wanted)) return;
      const run = this.enter(rule, index, event, at.from);
      if (!run) return;
      this.runs.push(run);
      // What a lead's runs do goes one after the other.
      if (this.turn?.lead === run.lead) this.later.push({ run, at });
      else this.advance(run, at);
    });
  }

  private enter(rule: StoryRule, index: number, trigger: Happened, now: number): Run | undefined {
    const { company } = this.leadAt(trigger.lead);
    const key = rule.keyed ? (trigger.appointment?.id ?? "") : "";
    const before = this.runs.filter(
      (run) => run.rule === index && run.lead === trigger.lead && run.key === key,
    );
    const last = before.at(-1);
    if (rule.cooldown && last && last.startedAt + cooldownHours * hour > now) return undefined;
    if (rule.reentry === "never" && last) return undefined;
    if (rule.reentry === "after_exit" && before.some(({ status }) => status === "living")) return undefined;
    if (rule.reentry === "on_change" && last?.company === company) return undefined;
    if (rule.reentry === "every_event" && rule.keyed && !rule.cooldown && last) return undefined;
    return {
      lead: trigger.lead,
      rule: index,
      startedAt: now,
      trigger,
      key,
      company,
      appointment: trigger.appointment,
      heard: new Set(),
      place: 0,
      wait: null,
      status: "living",
      effects: [],
      passed: new Set(),
      byGoal: false,
    };
  }

  private advance(run: Run, at: Span): void {
    const outer = this.turn;
    this.turn = run;
    this.walk(run, at);
    this.turn = outer;
    if (outer) return;
    for (let next = this.later.shift(); next; next = this.later.shift()) this.advance(next.run, next.at);
  }

  private walk(run: Run, at: Span): void {
    const { steps } = this.ruleOf(run);
    while (run.status === "living" && run.wait === null) {
      // What it was not told of, or what was told before it was there.
      for (const event of this.leadAt(run.lead).log) this.hear(run, event, at.from);
      if (run.status !== "living") return;
      const step = steps[run.place];
      if (step) this.take(run, step, at);
      else run.status = "completed";
    }
  }

  private take(run: Run, step: StoryStep, at: Span): void {
    const lead = this.leadAt(run.lead);
    switch (step.kind) {
      case "tag": {
        const tag = tagOf(run.rule, run.place);
        const isNew = !lead.tags.has(tag);
        lead.tags.add(tag);
        if (isNew) this.effect(run, "tag", at);
        run.place += 1;
        if (!isNew) return;
        const events = this.log(run.lead, at.from, [{ names: [`tag:${tag}`] }], run.trigger.root);
        for (const event of events) this.putToRules(event, at);
        return;
      }
      case "meet":
        this.effect(run, "meeting", at);
        run.place += 1;
        return;
      case "send":
        this.send(run, step, at);
        return;
      case "delay": {
        const ms = step.hours * hour + 5 * minute;
        run.wait = { kind: "delay", from: at.from + ms, to: at.to + ms };
        return;
      }
      case "until": {
        const time = (run.appointment?.startsAt ?? 0) - step.hours * hour;
        if (at.from < time && time <= at.to) throw new PhotoFinish("A step is reached while its time comes.");
        if (time > at.from) run.wait = { kind: "delay", from: time, to: time };
        else if (step.ifPast === "exit") run.status = "exited";
        else {
          run.passed.add(run.place);
          run.place += step.ifPast === "skip_next" ? 2 : 1;
        }
        return;
      }
      case "listen": {
        const ms = step.hours * hour + 5 * minute;
        run.wait = { kind: "listen", from: at.from + ms, to: at.to + ms };
        return;
      }
      case "branch": {
        const fits = step.on === "go" ? lead.tags.has("go") : lead.company === "A";
        run.place += fits ? step.yes : step.no;
        return;
      }
      case "split":
        run.place += step.always;
    }
  }

  private send(run: Run, step: StoryStep & { kind: "send" }, at: Span): void {
    const { window, steps } = this.ruleOf(run);
    if (window && !step.atAnyTime) {
      const wall: WallWindow = {
        ...window,
        zone: this.zoneOf(run, window.timezone),
        closedOn: window.holidays === "closed" ? this.closedOn : new Set(),
      };
      const open = isOpenByTheClock(wall, at.from);
      if (open !== isOpenByTheClock(wall, at.to))
        throw new PhotoFinish("A window closes while a step may send.");
      if (!open && window.outside === "skip") {
        run.place += 1;
        return;
      }
      if (!open) {
        const opening = nextOpening(wall, at.from);
        run.wait = { kind: "window", from: opening, to: opening + spreadMs };
        return;
      }
    }
    if (!step.broken) this.effect(run, "message", at);
    else if (step.onError === "stop") run.status = "failed";
    run.place = step.broken && step.onError === "end" ? steps.length : run.place + 1;
  }

  private effect(run: Run, kind: ExpectedEffect["kind"], at: Span): void {
    run.effects.push({ stepId: `s${run.place}`, kind, from: at.from, to: at.to });
  }

  private zoneOf(run: Run, zone: string): string {
    if (zone === "lead") return this.leadAt(run.lead).zone;
    return zone === "tenant" ? this.story.tenantZone : zone;
  }

  private ruleOf({ rule }: Run): StoryRule {
    const found = this.story.rules[rule];
    if (!found) throw new Error("There is no such rule in the story.");
    return found;
  }

  private leadAt(place: number): Lead {
    const lead = this.leads[place];
    if (!lead) throw new Error("There is no such lead in the story.");
    return lead;
  }
}
