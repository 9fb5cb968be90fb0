import { Types } from "mongoose";
import type { CreateNote, Note } from "../../../contracts/activity.contract";
import type { TenantContext } from "../../../lib/context/tenant.context";
import { type Change, commitChange } from "../../../lib/tenant/commit.change";
import type { NoteRecord } from "../../../model/saas/note.schema";
import { livingLead } from "./lead.record";
import { toTimestamp } from "./lead.serialiser";

/**
 * Puts a note on a lead; the same `effectKey` again answers the note that is there. The event names it; its text stays
 * in the note.
 * @throws AppError not-found.
 */
export async function addNote(
  ctx: TenantContext,
  leadId: string,
  input: CreateNote,
  effectKey?: string,
): Promise<Note> {
  return toNote(await commitChange(ctx, (change) => addNoteInChange(ctx, change, leadId, input, effectKey)));
}

/** The same in somebody's change. @throws AppError not-found. */
export async function addNoteInChange(
  ctx: TenantContext,
  change: Change,
  leadId: string | Types.ObjectId,
  { text }: CreateNote,
  effectKey?: string,
): Promise<NoteRecord> {
  const lead = await livingLead(change, leadId);
  const id = effectKey && `note_added:${effectKey}`;
  const made = id === undefined ? null : await madeBefore(change, id);
  if (made) return made;
  const note = {
    _id: new Types.ObjectId(),
    leadId: lead._id,
    text,
    author: ctx.actor,
    createdAt: change.now,
  };
  await change.models.Note.insertMany([note], { session: change.session });
  change.record({
    ...(id === undefined ? {} : { id }),
    type: "note_added",
    subject: { leadId: lead._id.toHexString(), noteId: note._id.toHexString() },
  });
  return note;
}

async function madeBefore({ models, session }: Change, eventId: string): Promise<NoteRecord | null> {
  const event = await models.Outbox.findOne({ eventId }).session(session).lean();
  return models.Note.findById(event?.subject.noteId ?? null)
    .session(session)
    .lean();
}

function toNote(record: NoteRecord): Note {
  return {
    id: record._id.toHexString(),
    leadId: record.leadId.toHexString(),
    text: record.text,
    author: record.author,
    createdAt: toTimestamp(record.createdAt),
  };
}
