/**
 * Every model of a tenant's database, by name. Schemas only: they are compiled per tenant by `getCrmModels`.
 * ADD A TENANT MODEL HERE.
 */
import { activitySchema } from "./activity.schema";
import { auditEntrySchema } from "./audit.entry.schema";
import { automationEnrollmentSchema } from "./automation.enrollment.schema";
import { automationRuleSchema, automationVersionSchema } from "./automation.rule.schema";
import {
  automationDecisionSchema,
  automationRunSchema,
  automationStepLogSchema,
} from "./automation.run.schema";
import { broadcastRecipientSchema, broadcastSchema } from "./broadcast.schema";
import { cannedResponseSchema } from "./canned.response.schema";
import { connectionSchema } from "./connection.schema";
import { contactIdentitySchema } from "./contact.identity.schema";
import { conversationSchema } from "./conversation.schema";
import { counterSchema } from "./counter.schema";
import { customFieldSchema } from "./custom.field.schema";
import { erasureSchema } from "./erasure.schema";
import { eventTypeSchema } from "./event.type.schema";
import { idempotencyKeySchema } from "./idempotency.key.schema";
import { leadExportSchema } from "./lead.export.schema";
import { leadImportErrorSchema, leadImportSchema } from "./lead.import.schema";
import { leadSchema } from "./lead.schema";
import { lostReasonSchema } from "./lost.reason.schema";
import { mediaAssetSchema } from "./media.asset.schema";
import { meetingSchema } from "./meeting.schema";
import { messageSchema } from "./message.schema";
import { noteSchema } from "./note.schema";
import { notificationSchema } from "./notification.schema";
import { outboxSchema } from "./outbox.schema";
import { pipelineSchema } from "./pipeline.schema";
import { savedSearchSchema } from "./saved.search.schema";
import { sendPaceSchema } from "./send.pace.schema";
import { stageHistorySchema } from "./stage.history.schema";
import { taskSchema } from "./task.schema";
import { teamSchema } from "./team.schema";
import { templateSchema } from "./template.schema";
import { tenantSettingsSchema } from "./tenant.settings.schema";
import { vocabularySchema } from "./vocabulary.schema";
import { webhookEventSchema } from "./webhook.event.schema";

export const crmSchemas = {
  Activity: activitySchema,
  AuditEntry: auditEntrySchema,
  AutomationDecision: automationDecisionSchema,
  AutomationEnrollment: automationEnrollmentSchema,
  AutomationRule: automationRuleSchema,
  AutomationRun: automationRunSchema,
  AutomationStepLog: automationStepLogSchema,
  AutomationVersion: automationVersionSchema,
  Broadcast: broadcastSchema,
  BroadcastRecipient: broadcastRecipientSchema,
  CannedResponse: cannedResponseSchema,
  Connection: connectionSchema,
  ContactIdentity: contactIdentitySchema,
  Conversation: conversationSchema,
  Counter: counterSchema,
  CustomField: customFieldSchema,
  Erasure: erasureSchema,
  EventType: eventTypeSchema,
  IdempotencyKey: idempotencyKeySchema,
  Lead: leadSchema,
  LeadExport: leadExportSchema,
  LeadImport: leadImportSchema,
  LeadImportError: leadImportErrorSchema,
  LostReason: lostReasonSchema,
  MediaAsset: mediaAssetSchema,
  Meeting: meetingSchema,
  Message: messageSchema,
  Note: noteSchema,
  Notification: notificationSchema,
  Outbox: outboxSchema,
  Pipeline: pipelineSchema,
  SavedSearch: savedSearchSchema,
  SendPace: sendPaceSchema,
  StageHistory: stageHistorySchema,
  Task: taskSchema,
  Team: teamSchema,
  Template: templateSchema,
  TenantSettings: tenantSettingsSchema,
  Vocabulary: vocabularySchema,
  WebhookEvent: webhookEventSchema,
};

export type CrmSchemas = typeof crmSchemas;
