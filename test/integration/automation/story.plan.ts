/** What happens in a story, one thing after the other, as whoever makes it happen would say it. */
import type { Fault, Happening, Kind, Story } from "./random.rules";

const hour = 3_600_000;
const minute = 60_000;

/** Something that somebody does to a lead, or tells of it. */
export type Deed =
  | { readonly kind: "company"; readonly company: string }
  | { readonly kind: "go" | "stop" | "stage" | "reply" | "nothing" }
  | {
      readonly kind: "appointment";
      readonly type: "appointment_confirmed" | "appointment_rescheduled" | "appointment_cancelled";
      readonly appointmentId: string;
      readonly sequence: number;
      readonly startsAt: number;
    };

export interface Planned {
  readonly at: number;
  readonly lead: number;
  readonly deed: Deed;
  readonly fault: Fault | null;
  readonly queue: Happening["queue"];
  /** Told before the one that went before it, when nobody told of that one at once. */
  readonly overtakes: boolean;
}

interface Calendar {
  made: number;
  current: { id: string; sequence: number; startsAt: number } | null;
  last: Deed;
}

/** How long after the first of two the second happens. */
const behindMs = 5_000;

/** @param start of the story, in ms. */
export function planOf(story: Story, start: number): Planned[] {
  const calendars = story.zones.map((): Calendar => ({ made: 0, current: null, last: { kind: "nothing" } }));
  let at = start;
  return story.happenings.flatMap(({ lead, kind, hours, ahead, fault, queue, next }, index) => {
    at += hours * hour;
    const calendar = calendars[lead] ?? { made: 0, current: null, last: { kind: "nothing" } };
    const deedAt = (what: Kind, time: number) => deedOf(what, calendar, { lead, index, ahead, at: time });
    const first: Planned = { at, lead, deed: deedAt(kind, at), fault, queue, overtakes: false };
    if (next === null) return [first];
    const deed = deedAt(next, at + behindMs);
    const second = { at: at + behindMs, lead, deed, fault: null, queue, overtakes: fault.kind === "lost" };
    return [first, second];
  });
}

function deedOf(
  kind: Kind,
  calendar: Calendar,
  given: { lead: number; index: number; ahead: number; at: number },
): Deed {
  const startsAt = Math.floor(given.at / hour) * hour + given.ahead * hour + 32 * minute;
  const { current } = calendar;
  const tell = (
    type: "appointment_confirmed" | "appointment_rescheduled" | "appointment_cancelled",
    told: { id: string; sequence: number; startsAt: number },
  ): Deed => {
    const { id: appointmentId, ...rest } = told;
    calendar.last = { kind: "appointment", type, appointmentId, ...rest };
    return calendar.last;
  };
  switch (kind) {
    case "company":
      return { kind, company: given.ahead % 2 === 0 ? "A" : "B" };
    case "go":
    case "stop":
    case "stage":
    case "reply":
      return { kind };
    case "book": {
      calendar.made += 1;
      calendar.current = { id: `L${given.lead}-${calendar.made}-${given.at}`, sequence: 0, startsAt };
      return tell("appointment_confirmed", calendar.current);
    }
    case "move":
      if (!current) return { kind: "nothing" };
      // Every other number is left to news that come too late.
      calendar.current = { ...current, sequence: current.sequence + 2, startsAt };
      return tell("appointment_rescheduled", calendar.current);
    case "cancel":
      if (!current) return { kind: "nothing" };
      calendar.current = null;
      return tell("appointment_cancelled", { ...current, sequence: current.sequence + 2 });
    case "stale":
      if (!current || current.sequence === 0) return { kind: "nothing" };
      return tell("appointment_cancelled", { ...current, sequence: current.sequence - 1 });
    case "again":
      return calendar.last;
  }
}
