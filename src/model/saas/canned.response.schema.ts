import { Schema } from "mongoose";
import type { Actor } from "../../contracts/common.contract";
import { type BaseRecord, recordSchema } from "../record.schema";

/** A text that people of the tenant write often; a front end puts it in by its short code. */
export interface CannedResponseRecord extends BaseRecord {
  shortCode: string;
  title: string;
  /** May hold variables such as `{{lead.firstName}}`. */
  text: string;
  createdBy: Actor;
}

export const cannedResponseSchema = recordSchema<CannedResponseRecord>("cannedResponses", {
  shortCode: { type: String, required: true },
  title: { type: String, required: true },
  text: { type: String, required: true },
  createdBy: { type: Schema.Types.Mixed, required: true },
});

cannedResponseSchema.index({ shortCode: 1 }, { name: "code", unique: true });
