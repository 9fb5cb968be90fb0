/**
 * Events that automations react to and that `GET /api/crm/changes` lists.
 * ADD AN EVENT TYPE HERE.
 */
import * as z from "zod";
import { actorSchema, changedFieldsSchema, objectIdSchema, timestampSchema } from "./common.contract";

const crmEventTypes = [
  "lead_created",
  "lead_updated",
  "lead_deleted",
  "lead_restored",
  "lead_merged",
  "lead_erased",
  "tag_added",
  "tag_removed",
  "owner_changed",
  "stage_enter",
  "stage_exit",
  "stage_stalled",
  "won",
  "lost",
  "conversation_created",
  "conversation_opened",
  "conversation_updated",
  "conversation_assigned",
  "conversation_resolved",
  "conversation_merged",
  "message_received",
  "message_queued",
  "message_sent",
  "message_status",
  "message_updated",
  "appointment_confirmed",
  "appointment_rescheduled",
  "appointment_cancelled",
  "appointment_held",
  "appointment_no_show",
  "meeting_created",
  "meeting_updated",
  "pipeline_updated",
  "template_updated",
  "media_updated",
  "automation_updated",
  "broadcast_updated",
  "saved_search_updated",
  "note_added",
  "task_created",
  "task_updated",
  "task_completed",
  "task_reopened",
  "task_deleted",
  "task_due",
  "notification_created",
  "notification_read",
  "user_updated",
  "team_updated",
  "canned_response_updated",
  "api_key_updated",
  "settings_updated",
  "import_finished",
  "export_finished",
  "external_event",
  "manual",
  "schedule",
  "date_field",
  "no_reply",
] as const;
export const crmEventTypeSchema = z.enum(crmEventTypes);
export type CrmEventType = z.infer<typeof crmEventTypeSchema>;

/** Events that a lead's timeline shows; the others are bookkeeping (statuses, settings). */
export const timelineEventTypes: ReadonlySet<CrmEventType> = new Set<CrmEventType>([
  "lead_created",
  "lead_updated",
  "lead_deleted",
  "lead_restored",
  "lead_merged",
  "tag_added",
  "tag_removed",
  "owner_changed",
  "stage_enter",
  "stage_stalled",
  "won",
  "lost",
  "conversation_created",
  "conversation_assigned",
  "conversation_resolved",
  "task_created",
  "task_completed",
  "message_received",
  "message_sent",
  "meeting_created",
  "appointment_confirmed",
  "appointment_rescheduled",
  "appointment_cancelled",
  "appointment_held",
  "appointment_no_show",
  "note_added",
  "external_event",
]);

/** How an event came to be: what stops rules that trigger each other. */
const causationSchema = z.object({
  rootEventId: z.string().meta({
    description:
      "Id of the happening that it follows from; what WhatsApp tells of a message later is a happening of its own.",
  }),
  depth: z
    .number()
    .int()
    .min(0)
    .meta({ description: "0 for what a person or Meta did, +1 for each rule in between." }),
  ruleIds: z.array(objectIdSchema).meta({ description: "Rules in the chain, oldest first." }),
});
export type Causation = z.infer<typeof causationSchema>;

/** The rules behind something, whatever it follows from. */
export type Chain = Pick<Causation, "depth" | "ruleIds">;

export const subjectSchema = z.object({
  leadId: objectIdSchema.optional(),
  conversationId: objectIdSchema.optional(),
  messageId: objectIdSchema.optional(),
  meetingId: objectIdSchema.optional(),
  pipelineId: objectIdSchema.optional(),
  templateId: objectIdSchema.optional(),
  mediaId: objectIdSchema.optional(),
  ruleId: objectIdSchema.optional(),
  noteId: objectIdSchema.optional(),
  taskId: objectIdSchema.optional(),
  teamId: objectIdSchema.optional(),
  notificationId: objectIdSchema.optional(),
  cannedResponseId: objectIdSchema.optional(),
  importId: objectIdSchema.optional(),
  exportId: objectIdSchema.optional(),
  broadcastId: objectIdSchema.optional(),
  savedSearchId: objectIdSchema.optional(),
});
export type EventSubject = z.infer<typeof subjectSchema>;

export const crmEventSchema = z
  .object({
    id: z.string().max(200).meta({ description: "Unique in the tenant; the same on every delivery." }),
    seq: z
      .number()
      .int()
      .positive()
      .meta({ description: "Place in the tenant's log; no gaps are skipped by a reader." }),
    type: crmEventTypeSchema.meta({ description: "What happened.", example: "stage_enter" }),
    name: z.string().max(64).optional().meta({ description: "Name of an external event." }),
    subject: subjectSchema.meta({ description: "Ids of what it happened to." }),
    data: z.record(z.string(), z.unknown()).meta({ description: "What it tells beside its changes." }),
    changes: changedFieldsSchema.optional(),
    actor: actorSchema,
    causation: causationSchema.meta({ description: "How it came to be." }),
    occurredAt: timestampSchema.meta({ description: "When it happened." }),
    requestId: z.string().optional().meta({ description: "The request or job it was done in." }),
  })
  .meta({ id: "CrmEvent", description: "Something that changed in the tenant." });
export type CrmEvent = z.infer<typeof crmEventSchema>;

/** What a service records inside its transaction; the rest of the event is filled in from the context. */
export interface EventDraft {
  /** Given only where the same cause may be processed twice (a Meta message id, a caller's event id). */
  readonly id?: string;
  readonly type: CrmEventType;
  readonly name?: string;
  readonly subject: EventSubject;
  readonly data?: Record<string, unknown>;
  readonly changes?: Record<string, { from: unknown; to: unknown }>;
  /** Defaults to the context's now. */
  readonly occurredAt?: Date;
  /** The rules that led here, where the context has forgotten them: of a message that a rule sent. */
  readonly chain?: Chain | null;
}
