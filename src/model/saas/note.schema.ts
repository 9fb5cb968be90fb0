import { Schema, type Types } from "mongoose";
import type { Actor } from "../../contracts/common.contract";
import { plainSchema } from "../record.schema";

/** What somebody wrote about a lead. The event and the timeline line name it; the text is only here. */
export interface NoteRecord {
  _id: Types.ObjectId;
  leadId: Types.ObjectId;
  text: string;
  author: Actor;
  createdAt: Date;
}

export const noteSchema = plainSchema<NoteRecord>("notes", {
  leadId: { type: Schema.Types.ObjectId, required: true },
  text: { type: String, required: true },
  author: { type: Schema.Types.Mixed, required: true },
  createdAt: { type: Date, required: true },
});

// the notes of a lead, also when it is merged or erased
noteSchema.index({ leadId: 1, createdAt: -1 }, { name: "lead" });
