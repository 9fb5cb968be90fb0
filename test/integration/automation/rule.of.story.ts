/** The JSON of a story's rule, as people would write it. */
import { cooldownHours, type Signal, type StoryRule, type StoryStep, tagOf } from "./random.rules";

const tagged = (tag: string) => ({
  event: "tag_added",
  filter: { field: "event.data.tag", op: "equals", value: tag },
});
const appointment = { match: "event.data.appointmentId" };

export const watchedStage = "contacted";

const matches: Record<Signal, object> = {
  // A message may update the lead, too: by the name that the sender goes by.
  company: { event: "lead_updated", filter: { field: "changes.company", op: "exists" } },
  go_on: tagged("go"),
  go_off: { event: "tag_removed" },
  stop: tagged("stop"),
  stage: { event: "stage_enter", stageKey: watchedStage },
  staged: { event: "stage_enter" },
  reply: { event: "message_received" },
  moved: { event: "appointment_rescheduled", ...appointment },
  cancelled: { event: "appointment_cancelled", ...appointment },
};

const triggers: Partial<Record<Signal | "born" | "booked", object>> = {
  born: { event: "lead_created" },
  company: { event: "lead_updated", watch: ["company"] },
  go_on: { event: "tag_added", tag: "go" },
  go_off: { event: "tag_removed", tag: "go" },
  stage: { event: "stage_enter", toStageKey: watchedStage },
  reply: { event: "message_received" },
  booked: { event: "appointment_confirmed" },
};

/** @param rule its place in the story. */
export function ruleOfStory(drawn: StoryRule, rule: number): object {
  const trigger =
    typeof drawn.trigger === "object"
      ? { event: "tag_added", tag: drawn.trigger.tag }
      : triggers[drawn.trigger];
  const behind = (place: number, jump: number) =>
    place + jump < drawn.steps.length ? `s${place + jump}` : "end";
  const settingsOf = (step: StoryStep, place: number): object => {
    switch (step.kind) {
      case "tag":
        return { type: "add_tag", tag: tagOf(rule, place) };
      case "meet":
        return { type: "create_meeting", title: "Call", startsAt: "2040-05-01T10:00:00.000Z" };
      case "send":
        return {
          type: "send_template",
          template: "welcome",
          language: "en_US",
          variables: { first_name: step.broken ? "{{lead.lastName}}" : "{{lead.firstName}}" },
          onError: step.onError === "end" ? { goto: "end" } : step.onError,
          ignoreSendWindow: step.atAnyTime,
        };
      case "delay":
        return { type: "delay", duration: `PT${step.hours}H5M` };
      case "until":
        return {
          type: "delay",
          until: "{{event.data.startsAt}}",
          offset: `-PT${step.hours}H`,
          ifPast: step.ifPast,
        };
      case "listen":
        return {
          type: "wait_for",
          events: [matches[step.to]],
          timeout: `PT${step.hours}H5M`,
          onEvent: behind(place, step.onEvent),
          onTimeout: behind(place, step.onTimeout),
        };
      case "branch": {
        const when =
          step.on === "go"
            ? { field: "lead.tags", op: "any_of", value: ["go"] }
            : { field: "lead.company", op: "equals", value: "A" };
        const goto = behind(place, step.yes);
        return { type: "branch", cases: [{ when, goto }], else: behind(place, step.no) };
      }
      case "split":
        return {
          type: "split",
          paths: [
            { weight: 0, goto: behind(place, step.never) },
            { weight: 1, goto: behind(place, step.always) },
          ],
        };
    }
  };
  return {
    trigger,
    exitOn: drawn.exitOn.map((signal) => matches[signal]),
    ...(drawn.goal ? { goal: matches[drawn.goal] } : {}),
    rescheduleOn: drawn.follows ? [matches.moved] : [],
    enrollment: {
      reentry: drawn.reentry,
      ...(drawn.reentry === "on_change" ? { watch: ["lead.company"] } : {}),
      ...(drawn.keyed ? { key: "{{event.data.appointmentId}}" } : {}),
      ...(drawn.cooldown ? { cooldown: `PT${cooldownHours * 60}M` } : {}),
    },
    ...(drawn.window ? { sendWindow: drawn.window } : {}),
    steps: [
      ...drawn.steps.map((step, place) => ({ id: `s${place}`, ...settingsOf(step, place) })),
      { id: "end", type: "exit" },
    ],
  };
}
