import { type VocabularyKind, vocabularyKinds } from "../../contracts/vocabulary.contract";
import { type BaseRecord, recordSchema } from "../record.schema";

/** A name that leads use: a tag, a source. */
export interface VocabularyRecord extends BaseRecord {
  kind: VocabularyKind;
  name: string;
  /** The name without case and accents: what the list is sorted and searched by. */
  plain: string;
  color: string | null;
}

export const vocabularySchema = recordSchema<VocabularyRecord>("vocabulary", {
  kind: { type: String, enum: vocabularyKinds, required: true },
  name: { type: String, required: true },
  plain: { type: String, required: true },
  color: { type: String, default: null },
});

vocabularySchema.index({ kind: 1, name: 1 }, { name: "name", unique: true });
// the list, and its names from their beginning
vocabularySchema.index({ kind: 1, plain: 1, _id: 1 }, { name: "list" });
