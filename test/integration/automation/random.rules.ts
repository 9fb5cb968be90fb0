/** Random rules, and random days of the leads that they act on. What they mean to the engine is in `rule.of.story`. */
import fc from "fast-check";

/** What happens to a lead, as rules name it. `staged`: whatever stage it entered; `stage`: the one that rules look at. */
export type Signal =
  | "company"
  | "go_on"
  | "go_off"
  | "stop"
  | "stage"
  | "staged"
  | "reply"
  | "moved"
  | "cancelled";
/** So many steps on; behind the last one is the end. */
export type Jump = number;

export type StoryStep =
  | { readonly kind: "tag" | "meet" }
  | {
      readonly kind: "send";
      /** Names something that the lead does not have. */
      readonly broken: boolean;
      readonly onError: "stop" | "continue" | "end";
      readonly atAnyTime: boolean;
    }
  | { readonly kind: "delay"; readonly hours: number }
  /** Until so many hours before the appointment. */
  | { readonly kind: "until"; readonly hours: number; readonly ifPast: "run" | "skip_next" | "exit" }
  | {
      readonly kind: "listen";
      readonly to: Signal;
      readonly hours: number;
      readonly onEvent: Jump;
      readonly onTimeout: Jump;
    }
  | { readonly kind: "branch"; readonly on: "go" | "company"; readonly yes: Jump; readonly no: Jump }
  | { readonly kind: "split"; readonly always: Jump; readonly never: Jump };

export interface StoryWindow {
  readonly from: string;
  readonly to: string;
  readonly days: readonly number[];
  readonly timezone: "lead" | "tenant" | "America/New_York";
  readonly outside: "defer" | "skip";
  readonly holidays: "closed" | "ignore";
}

export interface StoryRule {
  /** A tag that another rule of the story adds, or what happens to the lead. */
  readonly trigger: "born" | "booked" | Signal | { readonly tag: string };
  readonly exitOn: readonly Signal[];
  readonly goal: Signal | null;
  /** Follows its appointment. */
  readonly follows: boolean;
  readonly reentry: "never" | "after_exit" | "every_event" | "on_change";
  /** Each appointment by itself. */
  readonly keyed: boolean;
  readonly cooldown: boolean;
  readonly window: StoryWindow | null;
  readonly steps: readonly StoryStep[];
}

/** What kills whoever dispatches, or takes a run further: after so many looks at the clock it does nothing more. */
export type Fault =
  /** Died after the commit, before anybody was told. */
  | { readonly kind: "lost" }
  /** Died on the way. */
  | { readonly kind: "dies"; readonly after: number }
  /** Told by two processes at once. */
  | { readonly kind: "twice" };

export type Kind =
  | "company"
  | "go"
  | "stop"
  | "stage"
  | "reply"
  | "book"
  | "move"
  | "cancel"
  | "stale"
  | "again";

export interface Happening {
  /** Which of the leads. */
  readonly lead: number;
  readonly kind: Kind;
  /** Since the one before. */
  readonly hours: number;
  /** Of an appointment, from now on. */
  readonly ahead: number;
  readonly fault: Fault;
  /** Of the queue, while time goes on to this happening. */
  readonly queue: { readonly kind: "works" | "two" } | { readonly kind: "dies"; readonly after: number };
  /** Seconds later, before anybody missed the first. */
  readonly next: Kind | null;
}

export interface Story {
  readonly rules: readonly StoryRule[];
  /** Of the leads; the tenant's where there is none. */
  readonly zones: readonly (string | null)[];
  readonly tenantZone: string;
  /** Days after the first. */
  readonly holidays: readonly number[];
  /** So many messages of rules in a day. */
  readonly cap: number | null;
  /** Around the next change of the clocks. */
  readonly clocksChange: boolean;
  readonly happenings: readonly Happening[];
}

export const leadsOfStory = 2;
export const cooldownHours = 20.5;

const jump = fc.integer({ min: 1, max: 3 });
const signals: readonly Signal[] = ["company", "go_on", "go_off", "stop", "stage", "reply"];
const signal = fc.constantFrom(...signals);

const acting: fc.Arbitrary<StoryStep> = fc.oneof(
  { weight: 2, arbitrary: fc.constant<StoryStep>({ kind: "tag" }) },
  { weight: 2, arbitrary: fc.constant<StoryStep>({ kind: "meet" }) },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant("send" as const),
      broken: fc.constantFrom(false, false, false, true),
      onError: fc.constantFrom("stop", "continue", "end"),
      atAnyTime: fc.constantFrom(false, false, false, true),
    }),
  },
);
const choosing: fc.Arbitrary<StoryStep> = fc.oneof(
  fc.record({
    kind: fc.constant("branch" as const),
    on: fc.constantFrom("go", "company"),
    yes: jump,
    no: jump,
  }),
  fc.record({ kind: fc.constant("split" as const), always: jump, never: jump }),
);
/**
 * No wait of a rule ends in the same part of an hour as what happens to the lead or as a window closes, so that a crash,
 * which costs some minutes, never changes what comes first.
 */
const waiting: fc.Arbitrary<StoryStep> = fc.oneof(
  fc.record({ kind: fc.constant("delay" as const), hours: fc.integer({ min: 0, max: 9 }) }),
  fc.record({
    kind: fc.constant("listen" as const),
    to: signal,
    hours: fc.integer({ min: 1, max: 20 }),
    onEvent: jump,
    onTimeout: jump,
  }),
);
const until: fc.Arbitrary<StoryStep> = fc.record({
  kind: fc.constant("until" as const),
  hours: fc.constantFrom(1, 2, 24),
  ifPast: fc.constantFrom("run", "skip_next", "exit"),
});

const windows: fc.Arbitrary<StoryWindow> = fc
  .record({
    hours: fc.constantFrom(
      { from: "09:00", to: "17:44", days: [1, 2, 3, 4, 5] },
      { from: "22:00", to: "06:44", days: [1, 2, 3, 4, 5, 6, 7] },
      { from: "19:00", to: "00:44", days: [4, 5, 6, 7] },
      { from: "00:00", to: "05:44", days: [1, 2, 6, 7] },
    ),
    timezone: fc.constantFrom("lead", "lead", "tenant", "America/New_York"),
    outside: fc.constantFrom("defer", "defer", "defer", "skip"),
    holidays: fc.constantFrom("closed", "closed", "ignore"),
  })
  .map(({ hours, ...rest }) => ({ ...hours, ...rest }));

const isActing = ({ kind }: StoryStep): boolean => kind === "tag" || kind === "meet" || kind === "send";
const countOf = (steps: readonly StoryStep[], ...kinds: readonly StoryStep["kind"][]): number =>
  steps.filter(({ kind }) => kinds.includes(kind)).length;

const common = {
  goal: fc.oneof({ weight: 3, arbitrary: fc.constant(null) }, signal),
  reentry: fc.constantFrom("never", "after_exit", "every_event", "on_change"),
  cooldown: fc.constantFrom(false, false, true),
  window: fc.option(windows, { freq: 3 }),
} as const;

const plainRule: fc.Arbitrary<StoryRule> = fc.record({
  ...common,
  trigger: fc.constantFrom(
    "born",
    "born",
    "company",
    "company",
    "go_on",
    "go_on",
    "go_off",
    "stage",
    "reply",
  ),
  exitOn: fc.uniqueArray(fc.oneof(signal, fc.constant<Signal>("staged")), { maxLength: 1 }),
  follows: fc.constant(false),
  keyed: fc.constant(false),
  steps: fc
    .array(fc.oneof({ weight: 3, arbitrary: acting }, { weight: 2, arbitrary: waiting }, choosing), {
      minLength: 2,
      maxLength: 6,
    })
    .filter((steps) => steps.some(isActing) && countOf(steps, "delay", "listen") <= 2),
});

const reminderRule: fc.Arbitrary<StoryRule> = fc.record({
  ...common,
  trigger: fc.constant("booked" as const),
  exitOn: fc.uniqueArray(fc.constantFrom<Signal>("cancelled", "cancelled", "stop"), { maxLength: 2 }),
  follows: fc.constantFrom(true, true, false),
  keyed: fc.boolean(),
  steps: fc
    .array(fc.oneof({ weight: 3, arbitrary: until }, { weight: 3, arbitrary: acting }, waiting, choosing), {
      minLength: 2,
      maxLength: 6,
    })
    .filter((steps) => steps.some(isActing) && countOf(steps, "delay", "listen") <= 1),
});

export const tagOf = (rule: number, place: number): string => `rule${rule}_s${place}`;

/** A rule that the first tag of another one starts. */
const withChain = (rules: readonly StoryRule[], link: StoryRule): StoryRule[] => {
  const rule = rules.findIndex(({ steps }) => steps.some(({ kind }) => kind === "tag"));
  const place = rules[rule]?.steps.findIndex(({ kind }) => kind === "tag");
  return place === undefined ? [...rules] : [...rules, { ...link, trigger: { tag: tagOf(rule, place) } }];
};

const after = fc.integer({ min: 0, max: 30 });
const burst: readonly Kind[] = ["company", "go", "stop", "stage", "cancel", "move"];
const happening: fc.Arbitrary<Happening> = fc
  .record({
    lead: fc.integer({ min: 0, max: leadsOfStory - 1 }),
    kind: fc.constantFrom<Kind>(
      "company",
      "company",
      "go",
      "go",
      "stop",
      "stage",
      "reply",
      "book",
      "book",
      "book",
      "move",
      "move",
      "cancel",
      "stale",
      "again",
    ),
    hours: fc.integer({ min: 1, max: 12 }),
    ahead: fc.integer({ min: 2, max: 60 }),
    fault: fc.oneof(
      fc.constant<Fault>({ kind: "lost" }),
      fc.constant<Fault>({ kind: "twice" }),
      after.map((times): Fault => ({ kind: "dies", after: times })),
    ),
    queue: fc.oneof(
      fc.constantFrom({ kind: "works" } as const, { kind: "two" } as const),
      after.map((times) => ({ kind: "dies", after: times }) as const),
    ),
    next: fc.option(fc.constantFrom(...burst), { freq: 2 }),
  })
  // Whoever died half-way told some rules of the first before the second, and others behind it.
  .map((drawn) => (drawn.fault.kind === "dies" || drawn.kind === "reply" ? { ...drawn, next: null } : drawn));

const zone = fc.constantFrom(
  "Europe/Lisbon",
  "Europe/Berlin",
  "America/New_York",
  "America/Sao_Paulo",
  "Asia/Tokyo",
  "Pacific/Auckland",
  null,
);

export const stories: fc.Arbitrary<Story> = fc.record({
  rules: fc
    .tuple(
      fc.array(plainRule, { minLength: 1, maxLength: 2 }),
      fc.array(reminderRule, { minLength: 1, maxLength: 2 }),
      plainRule,
    )
    .map(([plain, reminders, link]) => withChain([...plain, ...reminders], link)),
  zones: fc.array(zone, { minLength: leadsOfStory, maxLength: leadsOfStory }),
  tenantZone: fc.constantFrom("Europe/Lisbon", "America/New_York"),
  holidays: fc.uniqueArray(fc.integer({ min: 0, max: 4 }), { maxLength: 2 }),
  cap: fc.constantFrom(null, null, null, null, 1, 2),
  clocksChange: fc.constantFrom(false, false, true),
  happenings: fc.array(happening, { minLength: 5, maxLength: 9 }),
});
