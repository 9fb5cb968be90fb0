/** Random rules, and random days of the leads that they act on. */
import fc from "fast-check";

/** What kills whoever dispatches, or takes a run further: after so many looks at the clock it does nothing more. */
export type Fault =
  /** Died after the commit, before anybody was told. */
  | { kind: "lost" }
  /** Died on the way. */
  | { kind: "dies"; after: number }
  /** Told by two processes at once. */
  | { kind: "twice" };

export interface Happening {
  /** Which of the leads. */
  readonly lead: number;
  readonly kind: "company" | "go" | "stop";
  /** Since the one before. */
  readonly hours: number;
  readonly fault: Fault;
  /** Of the queue, while time goes on to the next happening. */
  readonly queue: { kind: "works" } | { kind: "dies"; after: number };
}

export interface Story {
  readonly rules: readonly object[];
  readonly zones: readonly string[];
  readonly happenings: readonly Happening[];
}

/** When the rules of every story may write to a lead, in the lead's zone. */
export const openHours = { from: 9, to: 18, days: [1, 2, 3, 4, 5] } as const;
export const leadsOfStory = 2;

const trigger = fc.constantFrom(
  { event: "lead_created" },
  { event: "lead_updated", watch: ["company"] },
  { event: "tag_added", tag: "go" },
  { event: "tag_removed", tag: "go" },
);
const stopped = { event: "tag_added", filter: { field: "event.data.tag", op: "equals", value: "stop" } };
const exitOn = fc.constantFrom(
  [],
  [stopped],
  [{ event: "lead_updated" }],
  [{ event: "tag_removed" }, stopped],
);

/**
 * Steps act at once, through the queue, and on the lead's phone. No two waits of a rule end in the same part of an hour
 * as what happens to the lead, so that a crash, which costs some minutes, never changes what comes first.
 */
const step = fc.oneof(
  { weight: 2, arbitrary: fc.constant({ type: "add_tag" }) },
  {
    weight: 2,
    arbitrary: fc.constant({ type: "create_meeting", title: "Call", startsAt: "2040-05-01T10:00:00.000Z" }),
  },
  {
    weight: 3,
    arbitrary: fc.constant({
      type: "send_template",
      template: "welcome",
      language: "en_US",
      variables: { first_name: "{{lead.firstName}}" },
    }),
  },
  {
    weight: 3,
    arbitrary: fc.integer({ min: 0, max: 5 }).map((hours) => ({ type: "delay", duration: `PT${hours}H10M` })),
  },
  { weight: 1, arbitrary: fc.constant({ type: "split" }) },
);

const rule = fc
  .record({
    trigger,
    exitOn,
    reentry: fc.constantFrom("never", "after_exit", "every_event"),
    steps: fc
      .array(step, { minLength: 2, maxLength: 5 })
      .filter((steps) => steps.filter(({ type }) => type === "delay").length <= 2)
      .filter((steps) => steps.some(({ type }) => type !== "delay" && type !== "split")),
  })
  .map(({ trigger, exitOn, reentry, steps }) => ({ trigger, exitOn, enrollment: { reentry }, steps }));

/** Names steps, and gives each what only it has: a tag of its own, a way that goes on. */
function settle(drawn: { readonly steps: readonly { type: string }[] }, index: number): object {
  const steps = drawn.steps.map((each, place) => {
    const id = `s${place}`;
    if (each.type === "add_tag") return { id, ...each, tag: `rule${index}_${id}` };
    if (each.type !== "split") return { id, ...each };
    const goto = place + 2 < drawn.steps.length ? `s${place + 2}` : "end";
    return {
      id,
      ...each,
      paths: [
        { weight: 1, goto },
        { weight: 0, goto: "end" },
      ],
    };
  });
  return {
    ...drawn,
    sendWindow: { from: "09:00", to: "18:00", days: [...openHours.days] },
    steps: [...steps, { id: "end", type: "exit" }],
  };
}

const after = fc.integer({ min: 0, max: 25 });
const happening: fc.Arbitrary<Happening> = fc.record({
  lead: fc.integer({ min: 0, max: leadsOfStory - 1 }),
  kind: fc.constantFrom("company", "company", "go", "go", "stop"),
  hours: fc.integer({ min: 1, max: 9 }),
  fault: fc.oneof(
    fc.constant<Fault>({ kind: "lost" }),
    fc.constant<Fault>({ kind: "twice" }),
    after.map((times): Fault => ({ kind: "dies", after: times })),
  ),
  queue: fc.oneof(
    fc.constant({ kind: "works" } as const),
    after.map((times) => ({ kind: "dies", after: times }) as const),
  ),
});

export const stories: fc.Arbitrary<Story> = fc.record({
  rules: fc.array(rule, { minLength: 2, maxLength: 4 }).map((rules) => rules.map(settle)),
  zones: fc.array(fc.constantFrom("Europe/Lisbon", "America/Sao_Paulo", "Asia/Tokyo"), {
    minLength: leadsOfStory,
    maxLength: leadsOfStory,
  }),
  happenings: fc.array(happening, { minLength: 3, maxLength: 6 }),
});
