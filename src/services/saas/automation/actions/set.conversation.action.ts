import type { Types } from "mongoose";
import * as z from "zod";
import { tagSchema } from "../../../../contracts/common.contract";
import { conversationPrioritySchema } from "../../../../contracts/conversation.contract";
import type { Change } from "../../../../lib/tenant/commit.change";
import { invalidState } from "../../crm/crm.problem";
import { resolveAssignment } from "../../crm/lead.assign";
import { changeConversationInChange, conversationInChange } from "../../messaging/conversation.service";
import { type ActionInput, defineChange } from "./action";
import { assignToOf, personChoiceSchema } from "./person.choice";

const labels = (description: string) =>
  z
    .array(tagSchema)
    .max(50)
    .optional()
    .meta({ description, example: ["billing"] });

/** Changes the conversation that the run is about, else the lead's latest. */
export const setConversationAction = defineChange({
  type: "set_conversation",
  description: "Change status, priority, labels or assignee of the lead's conversation.",
  config: {
    status: z
      .enum(["open", "pending", "resolved"])
      .optional()
      .meta({ description: "Its new status.", example: "pending" }),
    priority: conversationPrioritySchema.optional(),
    labels: labels("Exactly these labels."),
    addLabels: labels("Labels to add."),
    removeLabels: labels("Labels to take away."),
    assignee: personChoiceSchema.nullable().optional().meta({ description: "Who answers; null: nobody." }),
  },
  async change(
    ctx,
    change,
    { status, priority, labels: exactly, addLabels = [], removeLabels = [], assignee },
    input,
  ) {
    const before = await conversationInChange(change, { id: await conversationOf(change, input) });
    const given = assignee ? await resolveAssignment(ctx, change, assignToOf(assignee)) : undefined;
    const saved = await changeConversationInChange(
      ctx,
      change,
      { id: before._id },
      {
        status,
        priority,
        labels: [...(exactly ?? before.labels), ...addLabels].filter(
          (label) => !removeLabels.includes(label),
        ),
        assigneeId: assignee === null ? null : given?.userId,
        teamId: given?.teamId?.toHexString(),
      },
    );
    return { conversationId: saved._id.toHexString(), status: saved.status, assigneeId: saved.assigneeId };
  },
});

async function conversationOf({ models, session }: Change, { run }: ActionInput): Promise<Types.ObjectId> {
  const { leadId } = run;
  const ours = run.conversationId
    ? await models.Conversation.exists({ _id: run.conversationId, leadId }).session(session)
    : null;
  const found =
    ours ??
    (await models.Conversation.findOne({ leadId }).sort({ "lastMessage.at": -1 }).session(session).lean());
  if (!found) throw invalidState("There is no conversation with this lead yet.");
  return found._id;
}
