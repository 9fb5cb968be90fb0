/** Every route of the API, in the order of its documentation. ADD A ROUTE FILE HERE. */
import type { Route } from "../lib/http/define.route";
import { adminAlertRoutes } from "./admin/alerts.routes";
import { adminClientRoutes } from "./admin/clients.routes";
import { adminJobRoutes } from "./admin/jobs.routes";
import { adminWebhookRoutes } from "./admin/webhooks.routes";
import { adminWhatsAppRoutes } from "./admin/whatsapp.routes";
import { auditRoutes } from "./crm/audit.routes";
import { automationFileRoutes } from "./crm/automation.file.routes";
import { automationInsightRoutes } from "./crm/automation.insight.routes";
import { automationRoutes } from "./crm/automation.routes";
import { broadcastRoutes } from "./crm/broadcast.routes";
import { cannedResponseRoutes } from "./crm/canned.response.routes";
import { changeRoutes } from "./crm/change.routes";
import { connectionRoutes } from "./crm/connection.routes";
import { conversationRoutes } from "./crm/conversation.routes";
import { customFieldRoutes } from "./crm/custom.field.routes";
import { eventRoutes } from "./crm/event.routes";
import { inboxRoutes } from "./crm/inbox.routes";
import { keyRoutes } from "./crm/key.routes";
import { leadRoutes } from "./crm/lead.routes";
import { lostReasonRoutes } from "./crm/lost.reason.routes";
import { mediaRoutes } from "./crm/media.routes";
import { meetingRoutes } from "./crm/meeting.routes";
import { notificationRoutes } from "./crm/notification.routes";
import { pipelineRoutes } from "./crm/pipeline.routes";
import { privacyRoutes } from "./crm/privacy.routes";
import { savedSearchRoutes } from "./crm/saved.search.routes";
import { settingsRoutes } from "./crm/settings.routes";
import { taskRoutes } from "./crm/task.routes";
import { teamRoutes } from "./crm/team.routes";
import { templateRoutes } from "./crm/template.routes";
import { transferRoutes } from "./crm/transfer.routes";
import { userRoutes } from "./crm/user.routes";
import { vocabularyRoutes } from "./crm/vocabulary.routes";
import { webhookSecretRoutes } from "./crm/webhook.secret.routes";
import { docsRoutes } from "./docs.routes";
import { adminHealthRoutes, healthRoutes } from "./health.routes";
import { whatsappWebhookRoutes } from "./whatsapp.webhook.routes";

export const routes: readonly Route[] = [
  ...leadRoutes,
  ...savedSearchRoutes,
  ...pipelineRoutes,
  ...lostReasonRoutes,
  ...vocabularyRoutes,
  ...transferRoutes,
  ...conversationRoutes,
  ...inboxRoutes,
  ...cannedResponseRoutes,
  ...templateRoutes,
  ...connectionRoutes,
  ...meetingRoutes,
  ...taskRoutes,
  ...userRoutes,
  ...teamRoutes,
  ...notificationRoutes,
  ...settingsRoutes,
  ...customFieldRoutes,
  ...keyRoutes,
  ...changeRoutes,
  ...auditRoutes,
  ...automationInsightRoutes,
  ...automationRoutes,
  ...automationFileRoutes,
  ...webhookSecretRoutes,
  ...broadcastRoutes,
  ...eventRoutes,
  ...mediaRoutes,
  ...privacyRoutes,
  ...whatsappWebhookRoutes,
  ...adminClientRoutes,
  ...adminJobRoutes,
  ...adminWhatsAppRoutes,
  ...adminWebhookRoutes,
  ...adminAlertRoutes,
  ...adminHealthRoutes,
  ...healthRoutes,
  ...docsRoutes(() => routes),
];
