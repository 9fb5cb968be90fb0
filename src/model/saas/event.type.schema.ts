import { Schema } from "mongoose";
import { eventFieldTypes } from "../../contracts/event.type.contract";
import { type BaseRecord, recordSchema } from "../record.schema";

export interface EventFieldRecord {
  key: string;
  type: (typeof eventFieldTypes)[number];
  required: boolean;
  options: string[] | null;
}

/** A kind of event from outside, as the tenant declared it. Kinds without a row are taken as they come. */
export interface EventTypeRecord extends BaseRecord {
  key: string;
  name: string;
  fields: EventFieldRecord[];
  createsLead: boolean;
}

export const eventTypeSchema = recordSchema<EventTypeRecord>("eventTypes", {
  key: { type: String, required: true },
  name: { type: String, required: true },
  fields: {
    type: [
      new Schema<EventFieldRecord>(
        {
          key: { type: String, required: true },
          type: { type: String, enum: eventFieldTypes, required: true },
          required: { type: Boolean, default: false },
          options: { type: [String], default: null },
        },
        { _id: false },
      ),
    ],
    default: [],
  },
  createsLead: { type: Boolean, default: false },
});

eventTypeSchema.index({ key: 1 }, { name: "key", unique: true });
