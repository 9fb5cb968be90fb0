import { type BaseRecord, recordSchema } from "../record.schema";

/** People of the tenant who share work; rules name it by its key. */
export interface TeamRecord extends BaseRecord {
  key: string;
  name: string;
  /** Keys of users, in the order in which they take turns. */
  memberIds: string[];
  /** Key of the user who leads it; rules tell them as `team_lead`. */
  leaderId?: string | null;
  /** Who was given work last. Whoever gives work writes it, so that two who do so at once meet here. */
  lastPickedId: string | null;
  /** Rises with each choice, so that it is a write also when the same member is chosen again. */
  picks: number;
}

export const teamSchema = recordSchema<TeamRecord>("teams", {
  key: { type: String, required: true },
  name: { type: String, required: true },
  memberIds: { type: [String], default: [] },
  leaderId: { type: String, default: null },
  lastPickedId: { type: String, default: null },
  picks: { type: Number, default: 0 },
});

teamSchema.index({ key: 1 }, { name: "key", unique: true });
// the teams of a person
teamSchema.index({ memberIds: 1 }, { name: "member" });
