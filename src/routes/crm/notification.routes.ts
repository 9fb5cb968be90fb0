import * as z from "zod";
import { objectIdSchema, pageSchema } from "../../contracts/common.contract";
import {
  listNotificationsQuery,
  notificationSchema,
  readCountSchema,
} from "../../contracts/notification.contract";
import { defineRoute, type Route } from "../../lib/http/define.route";
import {
  listNotifications,
  readAllNotifications,
  readNotification,
} from "../../services/saas/crm/notification.service";

const read = { kind: "tenant", scope: "notifications:read" } as const;
const write = { kind: "tenant", scope: "notifications:write" } as const;
const tag = "Notifications";
const params = z.strictObject({ id: objectIdSchema });

/** What people are told inside the product. */
export const notificationRoutes: readonly Route[] = [
  defineRoute({
    operationId: "listNotifications",
    method: "GET",
    path: "/api/crm/users/{id}/notifications",
    tag,
    summary: "List a person's notifications",
    description: "They are kept 90 days. New ones are `notification_created` in the changes.",
    auth: read,
    input: { params, query: listNotificationsQuery },
    output: {
      status: 200,
      description: "Notifications, newest first.",
      body: pageSchema(notificationSchema),
    },
    problems: ["not-found", "invalid-cursor"],
    run: async ({ ctx, params: { id }, query }) => ({ body: await listNotifications(ctx, id, query) }),
  }),
  defineRoute({
    operationId: "readAllNotifications",
    method: "POST",
    path: "/api/crm/users/{id}/notifications/read",
    tag,
    summary: "Mark all of a person's notifications as read",
    description: "The newest thousand at a time; repeat it while `read` is 1000.",
    auth: write,
    input: { params },
    output: { status: 200, description: "How many were marked.", body: readCountSchema },
    problems: ["not-found"],
    run: async ({ ctx, params: { id } }) => ({ body: await readAllNotifications(ctx, id) }),
  }),
  defineRoute({
    operationId: "readNotification",
    method: "POST",
    path: "/api/crm/notifications/{id}/read",
    tag,
    summary: "Mark a notification as read",
    description: "Marked twice it stays as it was.",
    auth: write,
    input: { params },
    output: { status: 200, description: "The notification.", body: notificationSchema },
    problems: ["not-found"],
    run: async ({ ctx, params: { id } }) => ({ body: await readNotification(ctx, id) }),
  }),
];
