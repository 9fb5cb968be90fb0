/** Every step that acts. ADD AN ACTION HERE: the rule contract, OpenAPI and the engine follow. */
import { addNoteAction } from "./add.note.action";
import { addTagAction } from "./add.tag.action";
import { assignAction } from "./assign.action";
import { createMeetingAction } from "./create.meeting.action";
import { createTaskAction } from "./create.task.action";
import { moveStageAction } from "./move.stage.action";
import { notifyAction } from "./notify.action";
import { removeTagAction } from "./remove.tag.action";
import { sendMediaAction } from "./send.media.action";
import { sendMessageAction } from "./send.message.action";
import { sendTemplateAction } from "./send.template.action";
import { setConversationAction } from "./set.conversation.action";
import { startAutomationAction } from "./start.automation.action";
import { stopAutomationAction } from "./stop.automation.action";
import { updateLeadAction } from "./update.lead.action";
import { webhookAction } from "./webhook.action";

export const actions = [
  addTagAction,
  removeTagAction,
  moveStageAction,
  assignAction,
  addNoteAction,
  createTaskAction,
  notifyAction,
  setConversationAction,
  sendTemplateAction,
  sendMessageAction,
  sendMediaAction,
  createMeetingAction,
  updateLeadAction,
  webhookAction,
  startAutomationAction,
  stopAutomationAction,
] as const;
