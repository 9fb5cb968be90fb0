/** What people are told inside the product. */
import * as z from "zod";
import { objectIdSchema, pageQuery, timestampSchema } from "./common.contract";

export const notificationKinds = [
  "lead_assigned",
  "conversation_assigned",
  "task_assigned",
  "task_due",
  "mention",
  "rule",
] as const;

export const notificationSchema = z
  .object({
    id: objectIdSchema,
    userId: z.string().meta({ description: "Key of the user it is for." }),
    kind: z.enum(notificationKinds).meta({ description: "Why the person is told." }),
    text: z.string().meta({ description: "What the person is told, in a sentence." }),
    leadId: objectIdSchema.nullable().meta({ description: "The lead it is about; null: none." }),
    conversationId: objectIdSchema
      .nullable()
      .meta({ description: "The conversation it is about; null: none." }),
    taskId: objectIdSchema.nullable().meta({ description: "The task it is about; null: none." }),
    readAt: timestampSchema.nullable().meta({ description: "When it was read; null: it was not." }),
    createdAt: timestampSchema,
  })
  .meta({ id: "Notification", description: "Something that a person is told; kept 90 days." });
export type Notification = z.input<typeof notificationSchema>;

export const listNotificationsQuery = z.strictObject({
  ...pageQuery,
  unread: z
    .enum(["true", "false"])
    .transform((value) => value === "true")
    .optional()
    .meta({ description: "Only those that were not read, or only those that were.", example: "true" }),
});
export type ListNotifications = z.output<typeof listNotificationsQuery>;

export const readCountSchema = z
  .object({ read: z.number().int().meta({ description: "How many were marked." }) })
  .meta({ id: "NotificationsReadCount" });
