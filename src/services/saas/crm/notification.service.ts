/** Telling people something inside the product. The event names whom; the text is only in the notification. */
import { type QueryFilter, Types, trusted } from "mongoose";
import type { ListNotifications, Notification } from "../../../contracts/notification.contract";
import type { TenantContext } from "../../../lib/context/tenant.context";
import { type Page, pageOf } from "../../../lib/query/page";
import { type Change, commitChange } from "../../../lib/tenant/commit.change";
import { getCrmModels } from "../../../lib/tenant/get.crm.model";
import type { NotificationRecord } from "../../../model/saas/notification.schema";
import { invalidReference, notFound } from "./crm.problem";
import { toTimestamp } from "./lead.serialiser";
import { activeUsers } from "./user.read";
import { getUser } from "./user.service";

const keptMs = 90 * 24 * 60 * 60_000;
/** Longer texts are cut: a notification is a line. */
const longestText = 1_000;
/** How many one call marks; the caller is told when there are more. */
const markedAtOnce = 1_000;

export interface NewNotification {
  /** Keys of users. */
  readonly userIds: readonly string[];
  readonly text: string;
  /** Default `rule`. */
  readonly kind?: NotificationRecord["kind"];
  readonly leadId?: Types.ObjectId | string | null | undefined;
  readonly conversationId?: Types.ObjectId | null;
  readonly taskId?: Types.ObjectId | null;
  /** Names the cause: the same key again tells nobody twice. */
  readonly effectKey?: string | undefined;
}

/**
 * Tells people something. Who works no more for the tenant is passed over.
 * @returns the notifications, also those that an earlier call with this `effectKey` made
 * @throws AppError invalid-reference when a rule names people and none of them works for the tenant
 */
export async function notifyInChange(
  ctx: TenantContext,
  change: Change,
  { userIds, text, kind = "rule", effectKey, ...about }: NewNotification,
): Promise<NotificationRecord[]> {
  const { Notification } = change.models;
  const { session, now } = change;
  const known = await activeUsers(ctx, [...new Set(userIds)]);
  if (known.length === 0 && kind === "rule") throw invalidReference("/userIds", "active user");
  const told = effectKey === undefined ? [] : await Notification.find({ effectKey }).session(session).lean();
  const leadId = about.leadId ? new Types.ObjectId(about.leadId) : null;
  const made = known
    .filter(({ key }) => !told.some(({ userId }) => userId === key))
    .map(
      ({ key }): NotificationRecord => ({
        _id: new Types.ObjectId(),
        userId: key,
        kind,
        text: text.slice(0, longestText),
        leadId,
        conversationId: about.conversationId ?? null,
        taskId: about.taskId ?? null,
        readAt: null,
        read: false,
        effectKey: effectKey ?? null,
        createdAt: now,
        // TTL indexes run on real time, whatever the stack's clock says.
        expireAt: new Date(Date.now() + keptMs),
      }),
    );
  if (made.length > 0) await Notification.insertMany(made, { session });
  for (const notification of made)
    change.record({
      type: "notification_created",
      subject: subjectOf(notification),
      data: { userId: notification.userId, kind },
    });
  return [...told, ...made];
}

/** A person's notifications, newest first. `id` is that of the user. @throws AppError not-found, invalid-cursor. */
export async function listNotifications(
  ctx: TenantContext,
  id: string,
  query: ListNotifications,
): Promise<Page<Notification>> {
  const { key: userId } = await getUser(ctx, id);
  const { Notification } = await getCrmModels(ctx.clientCode);
  const filter: QueryFilter<NotificationRecord> = {
    userId,
    // Named one by one, so that the index gives the order in either case.
    read: query.unread === undefined ? trusted({ $in: [false, true] }) : !query.unread,
  };
  const page = await pageOf(ctx, Notification, {
    route: "listNotifications",
    query: Object.assign({ userId }, query),
    filter,
    sort: { createdAt: -1, _id: -1 },
  });
  return { ...page, data: page.data.map(toNotification) };
}

/** Marks one as read; one that is stays as it is. @throws AppError not-found. */
export async function readNotification(ctx: TenantContext, id: string): Promise<Notification> {
  return commitChange(ctx, async (change) => {
    const { Notification } = change.models;
    const before = await Notification.findById(new Types.ObjectId(id)).session(change.session).lean();
    if (!before) throw notFound("notification");
    await mark(change, [before]);
    return toNotification({ ...before, read: true, readAt: before.readAt ?? change.now });
  });
}

/**
 * Marks everything a person was told as read, the newest thousand at a time. `id` is that of the user.
 * @returns how many were marked
 * @throws AppError not-found
 */
export async function readAllNotifications(ctx: TenantContext, id: string): Promise<{ read: number }> {
  const { key: userId } = await getUser(ctx, id);
  return commitChange(ctx, async (change) => {
    const unread = await change.models.Notification.find({ userId, read: false })
      .sort({ createdAt: -1, _id: -1 })
      .limit(markedAtOnce)
      .session(change.session)
      .lean();
    return { read: await mark(change, unread) };
  });
}

async function mark(change: Change, notifications: readonly NotificationRecord[]): Promise<number> {
  const unread = notifications.filter(({ read }) => !read);
  if (unread.length === 0) return 0;
  await change.models.Notification.updateMany(
    { _id: trusted({ $in: unread.map(({ _id }) => _id) }) },
    { $set: { read: true, readAt: change.now } },
    { session: change.session },
  );
  const [only] = unread;
  change.record({
    type: "notification_read",
    subject: only && unread.length === 1 ? subjectOf(only) : {},
    data: { userId: only?.userId, count: unread.length },
  });
  return unread.length;
}

function subjectOf({ _id, leadId }: NotificationRecord): { leadId?: string; notificationId: string } {
  return { ...(leadId ? { leadId: leadId.toHexString() } : {}), notificationId: _id.toHexString() };
}

function toNotification(record: NotificationRecord): Notification {
  return {
    id: record._id.toHexString(),
    userId: record.userId,
    kind: record.kind,
    text: record.text,
    leadId: record.leadId?.toHexString() ?? null,
    conversationId: record.conversationId?.toHexString() ?? null,
    taskId: record.taskId?.toHexString() ?? null,
    readAt: record.readAt ? toTimestamp(record.readAt) : null,
    createdAt: toTimestamp(record.createdAt),
  };
}
