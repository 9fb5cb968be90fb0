/** Moves what belongs to a merged lead, in slices that a transaction can hold. */
import { type Model, type Types, trusted } from "mongoose";
import type { TenantContext } from "../../../lib/context/tenant.context";
import type { Change } from "../../../lib/tenant/commit.change";
import type { CrmModels } from "../../../lib/tenant/get.crm.model";
import type { MessageRecord } from "../../../model/saas/message.schema";
import { moveRecipients } from "./merge.recipients";
import { type Move, moveRuns } from "./merge.runs";

/** The models whose rows name a lead: what a merge has to move. */
type LeadModel = {
  [K in keyof CrmModels]: CrmModels[K] extends Model<infer R>
    ? "leadId" extends keyof R
      ? K
      : never
    : never;
}[keyof CrmModels];

/**
 * How each model's rows move: `rows` by their leadId alone, `own` by what knows more about them; `stay` are those that
 * tell of the lead they were made for.
 * A model with a `leadId` that is missing here does not compile. ADD A MODEL WITH A LEAD HERE.
 */
const moves: Record<LeadModel, "rows" | "own" | "stay"> = {
  ContactIdentity: "own",
  Conversation: "own",
  AutomationRun: "own",
  Message: "own",
  BroadcastRecipient: "own",
  Note: "rows",
  Meeting: "rows",
  MediaAsset: "rows",
  StageHistory: "rows",
  Activity: "rows",
  AuditEntry: "rows",
  AutomationDecision: "rows",
  AutomationStepLog: "rows",
  IdempotencyKey: "rows",
  Notification: "rows",
  Task: "rows",
  Erasure: "stay",
};

const isLeadModel = (name: string): name is LeadModel => Object.hasOwn(moves, name);
const plainModels = Object.keys(moves)
  .filter(isLeadModel)
  .filter((name) => moves[name] === "rows");

/** Messages whose way is not over: whoever sends them must find them with the lead that stays. */
const unsettled = ["queued", "sending", "unknown"];

/** Moves messages that are being sent. @returns how many. */
export async function moveUnsettledMessages(change: Change, move: Move): Promise<number> {
  return moveMessages(change, move, { status: trusted({ $in: unsettled }) });
}

/** Moves up to `limit` rows, messages first and the newest of them. @returns how many; fewer than `limit` means all. */
export async function moveSlice(
  ctx: TenantContext,
  change: Change,
  move: Move,
  limit: number,
): Promise<number> {
  let moved = await moveMessages(change, move, {}, limit);
  if (moved < limit) moved += await moveRuns(ctx, change, move, { limit: limit - moved });
  if (moved < limit) moved += await moveRecipients(change, move, limit - moved);
  for (const name of plainModels) {
    if (moved >= limit) break;
    moved += await movePlain(change, move, name, limit - moved);
  }
  return moved;
}

async function movePlain(change: Change, move: Move, name: LeadModel, limit: number): Promise<number> {
  const { collection } = change.models[name];
  const { session } = change;
  // That it was deleted is told of the merged lead alone.
  const filter = { leadId: move.from, ...(name === "Activity" ? { type: { $ne: "lead_deleted" } } : {}) };
  const rows = await collection
    .find(filter, { session, projection: { _id: 1 } })
    .limit(limit)
    .toArray();
  if (rows.length === 0) return 0;
  const ids = rows.map(({ _id }) => _id);
  await collection.updateMany({ _id: { $in: ids } }, { $set: { leadId: move.to } }, { session });
  return rows.length;
}

async function moveMessages(
  change: Change,
  move: Move,
  which: Record<string, unknown>,
  limit?: number,
): Promise<number> {
  const { Message } = change.models;
  const { session } = change;
  const found = Message.find({ leadId: move.from, ...which })
    .sort({ sentAt: -1 })
    .session(session);
  const messages = await (limit === undefined ? found : found.limit(limit)).lean();
  if (messages.length === 0) return 0;
  const taken = await takenClientIds(change, move, messages);
  const operations = messages.map((message) => {
    const conversationId = move.conversationOf(message.conversationId);
    const clash =
      !conversationId.equals(message.conversationId) && taken.has(clientKey(conversationId, message));
    const fields = {
      leadId: move.to,
      conversationId,
      // Two callers may have chosen the same id for different messages of the two conversations.
      ...(clash ? { clientId: `${message.clientId}:merged:${message._id.toHexString()}` } : {}),
      ...(message.sender.type === "lead" ? { "sender.id": move.to.toHexString() } : {}),
    };
    return { updateOne: { filter: { _id: message._id }, update: { $set: fields } } };
  });
  await Message.collection.bulkWrite(operations, { session, ordered: false });
  return messages.length;
}

const clientKey = (conversationId: Types.ObjectId, { clientId }: Pick<MessageRecord, "clientId">) =>
  `${conversationId.toHexString()}:${clientId}`;

async function takenClientIds(
  { models, session }: Change,
  move: Move,
  messages: readonly MessageRecord[],
): Promise<ReadonlySet<string>> {
  const changing = messages.filter(
    ({ conversationId }) => !move.conversationOf(conversationId).equals(conversationId),
  );
  if (changing.length === 0) return new Set();
  const targets = [
    ...new Map(
      changing.map(({ conversationId }) => {
        const target = move.conversationOf(conversationId);
        return [target.toHexString(), target];
      }),
    ).values(),
  ];
  const there = await models.Message.find({
    conversationId: trusted({ $in: targets }),
    clientId: trusted({ $in: changing.map(({ clientId }) => clientId) }),
  })
    .select({ conversationId: 1, clientId: 1 })
    .session(session)
    .lean();
  return new Set(there.map((message) => clientKey(message.conversationId, message)));
}
