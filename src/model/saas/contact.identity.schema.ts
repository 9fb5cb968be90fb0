import { Schema, type Types } from "mongoose";
import { plainSchema } from "../record.schema";

/**
 * What makes one lead per person: `wa:<waId>`, `tel:<canonical E.164>` or `uid:<portfolio>:<userId>`, inserted in the
 * lead's transaction, so that parallel first messages meet at the unique _id.
 */
export interface ContactIdentityRecord {
  _id: string;
  leadId: Types.ObjectId;
  /** The person gave the number up then; who writes from it later is somebody else. */
  retiredAt?: Date | null;
}

export const contactIdentitySchema = plainSchema<ContactIdentityRecord>("contactIdentities", {
  _id: { type: String, required: true },
  leadId: { type: Schema.Types.ObjectId, required: true },
  retiredAt: { type: Date, default: null },
});

// identities of a lead, when it is merged or erased
contactIdentitySchema.index({ leadId: 1 }, { name: "lead" });
