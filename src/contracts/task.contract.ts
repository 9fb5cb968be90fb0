/** Tasks: what people are to do, usually for a lead. */
import * as z from "zod";
import {
  actorSchema,
  objectIdSchema,
  pageQuery,
  timestampInputSchema,
  timestampSchema,
  versionSchema,
} from "./common.contract";
import { textLine } from "./text.contract";
import { userIdSchema } from "./user.contract";

const statusSchema = z.enum(["open", "done"]).meta({ description: "State.", example: "open" });
const title = textLine(200).meta({ description: "What is to be done.", example: "Call Ana" });
const description = z
  .string()
  .trim()
  .max(10_000)
  .meta({ description: "More about it.", example: "After 3 pm." });
const assigneeId = userIdSchema.meta({ description: "Who is to do it: key of a user.", example: "maria" });
const dueAt = timestampInputSchema.meta({ description: "By when.", example: "2026-12-01T09:00:00.000Z" });

export const taskSchema = z
  .object({
    id: objectIdSchema,
    version: versionSchema,
    leadId: objectIdSchema.nullable().meta({ description: "The lead it is about; null: none." }),
    title,
    description: z
      .string()
      .nullable()
      .meta({ description: "More about it; null: nothing.", example: "After 3 pm." }),
    assigneeId: z
      .string()
      .nullable()
      .meta({ description: "Who is to do it: key of a user; null: nobody yet.", example: "maria" }),
    status: statusSchema,
    dueAt: timestampSchema.nullable().meta({ description: "By when; null: at any time." }),
    completedAt: timestampSchema.nullable().meta({ description: "When it was done; null: it is open." }),
    completedBy: actorSchema.nullable().meta({ description: "Who did it; null: it is open." }),
    createdBy: actorSchema,
    createdAt: timestampSchema,
    updatedAt: timestampSchema,
  })
  .meta({ id: "Task", description: "Something that a person is to do." });
export type Task = z.input<typeof taskSchema>;

export const createTaskSchema = z
  .strictObject({
    title,
    description: description.nullable().optional(),
    leadId: objectIdSchema.optional().meta({ description: "The lead it is about.", example: undefined }),
    assigneeId: assigneeId.nullable().optional(),
    dueAt: dueAt.nullable().optional(),
  })
  .meta({ id: "TaskInput", example: { title: "Call Ana" } });
export type CreateTask = z.output<typeof createTaskSchema>;

export const updateTaskSchema = z
  .strictObject({
    title: title.optional(),
    description: description.nullable().optional(),
    assigneeId: assigneeId.nullable().optional(),
    dueAt: dueAt.nullable().optional(),
  })
  .meta({ id: "TaskPatch", example: { title: "Call Ana" } });
export type UpdateTask = z.output<typeof updateTaskSchema>;

export const listTasksQuery = z.strictObject({
  ...pageQuery,
  status: statusSchema.optional(),
  assigneeId: assigneeId.optional(),
  leadId: objectIdSchema.optional().meta({ description: "Only those about this lead." }),
  dueBefore: timestampInputSchema.optional().meta({ description: "Due before this time." }),
  dueAfter: timestampInputSchema.optional().meta({ description: "Due at this time or later." }),
});
export type ListTasks = z.output<typeof listTasksQuery>;
