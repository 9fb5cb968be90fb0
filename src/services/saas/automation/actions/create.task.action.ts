import * as z from "zod";
import { durationSchema } from "../../../../contracts/common.contract";
import { durationMs } from "../../../../lib/duration/duration";
import { resolveAssignment } from "../../crm/lead.assign";
import { createTaskInChange } from "../../crm/task.service";
import { renderText } from "../render";
import { defineChange } from "./action";
import { assignToOf, personChoiceSchema } from "./person.choice";

const longestTitle = 200;

/** Makes a task about the lead; whoever is to do it is told. */
export const createTaskAction = defineChange({
  type: "create_task",
  description: "Make a task about the lead.",
  config: {
    title: z
      .string()
      .trim()
      .min(1)
      .max(500)
      .meta({ description: "What is to be done; variables allowed.", example: "Call {{lead.displayName}}" }),
    description: z
      .string()
      .trim()
      .min(1)
      .max(4_096)
      .optional()
      .meta({ description: "More; variables allowed." }),
    assign: z
      .union([z.literal("owner"), personChoiceSchema])
      .optional()
      .meta({
        description: "Who is to do it: the lead's owner, a person, one of a team; absent: nobody yet.",
      }),
    due: durationSchema.optional().meta({ description: "Due so long after this step.", example: "PT4H" }),
  },
  async change(ctx, change, { title, description, assign, due }, input) {
    const text = {
      title: (await renderText(title, input.scope)).slice(0, longestTitle),
      description: description === undefined ? null : await renderText(description, input.scope),
    };
    const chosen =
      assign === undefined || assign === "owner"
        ? { assign }
        : { assigneeId: (await resolveAssignment(ctx, change, assignToOf(assign))).userId };
    const task = await createTaskInChange(ctx, change, {
      ...text,
      ...chosen,
      leadId: input.run.leadId,
      dueAt: due === undefined ? null : new Date(change.now.getTime() + durationMs(due)),
      effectKey: input.effectKey,
    });
    return { taskId: task._id.toHexString(), assigneeId: task.assigneeId };
  },
});
