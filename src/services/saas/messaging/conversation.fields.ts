/** What a search may ask of a conversation and of its lead, and where it finds it. */
import { Types } from "mongoose";
import type { ConditionField, ConditionFields, FieldType } from "../../../lib/condition";

const plain = (type: FieldType, path: string): ConditionField => ({
  path: `conversation.${path}`,
  type,
  stored: { path },
});
const id = (path: string, stored = path): ConditionField => ({
  path: `conversation.${path}`,
  type: "id",
  stored: { path: stored, encode: toObjectId },
});
const oneOf = (path: string, options: readonly string[]): ConditionField => ({
  path: `conversation.${path}`,
  type: "text",
  options,
  stored: { path, values: options.map((value) => ({ value, stored: [value] })) },
});
const exactList = (path: string): ConditionField => ({
  path: `conversation.${path}`,
  type: "text_list",
  stored: { path, exact: true },
});

function toObjectId(value: unknown): unknown {
  return typeof value === "string" && /^[0-9a-f]{24}$/.test(value) ? new Types.ObjectId(value) : undefined;
}

const conversationsOwn: readonly ConditionField[] = [
  id("id", "_id"),
  id("leadId"),
  id("connectionId"),
  id("teamId"),
  oneOf("status", ["open", "pending", "snoozed", "resolved"]),
  oneOf("channel", ["whatsapp"]),
  oneOf("priority", ["none", "low", "medium", "high", "urgent"]),
  plain("key", "assigneeId"),
  exactList("participantIds"),
  exactList("labels"),
  plain("number", "unreadCount"),
  ...["snoozedUntil", "windowExpiresAt", "waitingSince", "lastInboundAt", "lastActivityAt"].map((path) =>
    plain("time", path),
  ),
  ...["firstReplyAt", "resolvedAt", "createdAt", "updatedAt"].map((path) => plain("time", path)),
];

/** Name under which a conversation's lead is put beside it while a search reads it. */
export const leadBeside = "lead";

/** The fields of conversations together with those of their leads, which stand beside them. */
export function conversationFields(leads: ConditionFields): ConditionFields {
  const beside = [...leads.named.values()].map((field): ConditionField => {
    const { stored } = field;
    if (!stored) return field;
    const folded = stored.folded === undefined ? {} : { folded: `${leadBeside}.${stored.folded}` };
    return { ...field, stored: { ...stored, path: `${leadBeside}.${stored.path}`, ...folded } };
  });
  return { named: new Map([...conversationsOwn, ...beside].map((field) => [field.path, field])), open: [] };
}
