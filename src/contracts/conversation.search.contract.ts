/** Searching conversations by what they are, whom they are with, and what was written. */
import * as z from "zod";
import { pageQuery } from "./common.contract";
import { conditionSchema } from "./condition.contract";

/** What an inbox is searched by; the same in lists and searches. */
export const inboxWordsSchema = z.string().trim().min(2).max(200).meta({
  description:
    "Words of a message, all of them whole, in the 500 newest messages that have them; or words of the lead's name, company, e-mail or phone number, from their beginning.",
  example: "invoice",
});

const searchSorts = ["-lastActivityAt", "lastActivityAt", "waitingSince", "-waitingSince"] as const;

export const searchConversationsSchema = z
  .strictObject({
    condition: conditionSchema.optional().meta({
      description:
        "Which conversations: the grammar of rules, on fields that begin with `conversation.` (id, status, channel, connectionId, priority, assigneeId, teamId, participantIds, labels, unreadCount, snoozedUntil, windowExpiresAt, waitingSince, lastInboundAt, lastActivityAt, firstReplyAt, resolvedAt, createdAt, updatedAt) and with `lead.` (those of lead searches). Labels are compared as they are spelled. A condition on the lead alone finds no conversation of a deleted one.",
      example: {
        all: [
          { field: "conversation.status", op: "equals", value: "open" },
          { field: "lead.tags", op: "any_of", value: ["fair2026"] },
        ],
      },
    }),
    query: inboxWordsSchema.optional(),
    sort: z.enum(searchSorts).default("-lastActivityAt").meta({
      description:
        "`-` is the latest first. By `waitingSince` only those who wait are found, the longest first.",
      example: "-lastActivityAt",
    }),
    limit: pageQuery.limit,
    cursor: pageQuery.cursor,
  })
  .meta({ id: "ConversationSearch" });
export type SearchConversations = z.output<typeof searchConversationsSchema>;
