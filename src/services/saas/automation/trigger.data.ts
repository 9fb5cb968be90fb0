/** What the event of each trigger tells, read as `event.data.*`. Events from outside tell what their sender wrote. */
import type { FieldType } from "../../../lib/condition";
import type { EventFieldRecord, EventTypeRecord } from "../../../model/saas/event.type.schema";
import type { TriggerEvent } from "./triggers";

export interface EventField {
  readonly type: FieldType;
  readonly description: string;
  /** All values it can have, where they are few. */
  readonly options?: readonly string[];
}
type EventFields = Readonly<Record<string, EventField>>;

const field = (type: FieldType, description: string): EventField => ({ type, description });

const stage: EventFields = {
  pipelineId: field("id", "The pipeline."),
  pipelineKey: field("key", "Its key."),
  fromStageId: field("id", "The stage that the lead left; none for a new lead."),
  fromStageKey: field("key", "Its key."),
  toStageId: field("id", "The stage that the lead entered."),
  toStageKey: field("key", "Its key."),
  stageType: field("key", "open, won or lost: the stage that the lead entered."),
};
const tag: EventFields = { tag: field("text", "The tag.") };
const conversation: EventFields = {
  channel: field("key", "Over which channel."),
  connectionId: field("id", "Over which number of ours."),
};

/** ADD THE DATA OF A NEW TRIGGER HERE; `open` where its sender may tell anything. */
const triggerData: Readonly<Record<TriggerEvent, EventFields | "open">> = {
  lead_created: "open",
  lead_updated: "open",
  lead_deleted: "open",
  tag_added: tag,
  tag_removed: tag,
  owner_changed: {
    fromOwnerId: field("key", "Key of the owner before."),
    toOwnerId: field("key", "Key of the owner now."),
  },
  score_crossed: "open",
  stage_enter: stage,
  stage_exit: stage,
  stage_stalled: {
    ...stage,
    stageEnteredAt: field("time", "Since when the lead stands there."),
    rottingDays: field("number", "How many days the stage allows."),
  },
  won: stage,
  lost: { ...stage, lostReason: field("key", "Key of the reason.") },
  conversation_created: conversation,
  conversation_opened: "open",
  conversation_resolved: "open",
  message_received: {
    kind: field("key", "text, image, audio, ..."),
    connectionId: field("id", "Over which number of ours."),
  },
  message_sent: {
    kind: field("key", "text, template, image, ..."),
    "sender.type": field("key", "user, automation or api."),
  },
  message_status: {
    status: field("key", "sent, delivered, read, played, failed or unknown."),
    errorCode: field("any", "Why it failed."),
  },
  no_reply: { after: field("text", "For how long the lead has been silent.") },
  appointment_confirmed: "open",
  appointment_rescheduled: "open",
  appointment_cancelled: "open",
  appointment_held: "open",
  appointment_no_show: "open",
  form_submitted: "open",
  schedule: { at: field("time", "The time that was set.") },
  date_field: {
    at: field("time", "The time that was set."),
    field: field("text", "Which date of the lead's."),
  },
  manual: "open",
};

/** Fields that every appointment tells beside what its sender added. */
const appointmentFields: EventFields = {
  appointmentId: field("text", "The appointment's id in the system that keeps it."),
  startsAt: field("time", "When it begins."),
  sequence: field("number", "Rises with each change of the appointment."),
};

/** An event from outside as the tenant declared it; its data hold nothing else. */
export type DeclaredEvent = Pick<EventTypeRecord, "key" | "name" | "fields">;

const typeOfDeclared: Readonly<Record<EventFieldRecord["type"], FieldType>> = {
  text: "text",
  number: "number",
  boolean: "boolean",
  date: "day",
  time: "time",
  choice: "text",
};

/** The word by which rules name a declared event. */
export const triggerOfDeclared = ({ key }: Pick<DeclaredEvent, "key">): string =>
  key === "form_submitted" ? key : `external_event:${key}`;

function declaredFields({ fields }: DeclaredEvent): EventFields {
  return Object.fromEntries(
    fields.map(({ key, type, required, options }) => [
      key,
      {
        ...field(typeOfDeclared[type], required ? "In every event." : "Not in every event."),
        ...(options && type === "choice" ? { options } : {}),
      },
    ]),
  );
}

/** What the event of a trigger is known to tell, and whether it may tell more. */
export function eventFieldsOf(
  trigger: string,
  declared: readonly DeclaredEvent[] = [],
): { fields: EventFields; open: boolean } {
  const own = declared.find((each) => triggerOfDeclared(each) === trigger);
  if (own) return { fields: declaredFields(own), open: false };
  if (trigger.startsWith("appointment_")) return { fields: appointmentFields, open: true };
  const known = isTrigger(trigger) ? triggerData[trigger] : "open";
  return known === "open" ? { fields: {}, open: true } : { fields: known, open: false };
}

const isTrigger = (name: string): name is TriggerEvent => Object.hasOwn(triggerData, name);
