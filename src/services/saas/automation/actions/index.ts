/** Every step that acts. ADD AN ACTION HERE: the rule contract, OpenAPI and the engine follow. */
import { addTagAction } from "./add.tag.action";
import { createMeetingAction } from "./create.meeting.action";
import { moveStageAction } from "./move.stage.action";
import { removeTagAction } from "./remove.tag.action";
import { sendTemplateAction } from "./send.template.action";
import { startAutomationAction } from "./start.automation.action";
import { stopAutomationAction } from "./stop.automation.action";

export const actions = [
  addTagAction,
  removeTagAction,
  moveStageAction,
  sendTemplateAction,
  createMeetingAction,
  startAutomationAction,
  stopAutomationAction,
] as const;
