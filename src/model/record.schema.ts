import { Schema, type SchemaDefinition, type SchemaDefinitionType, Types } from "mongoose";

/** What every stored record has. `version` rises with each change and is what ETags are made of. */
export interface BaseRecord {
  _id: Types.ObjectId;
  version: number;
  createdAt: Date;
  updatedAt: Date;
}

const base = new Schema<BaseRecord>({
  version: { type: Number, required: true, default: 1 },
  createdAt: { type: Date, required: true },
  updatedAt: { type: Date, required: true },
});

const options = {
  versionKey: false,
  strict: "throw",
  // An unknown key in a filter would otherwise be dropped, and the first record of all be found.
  strictQuery: "throw",
  minimize: false,
  autoIndex: false,
  autoCreate: false,
  // Records are changed by filters and updates; validation on them is what keeps an enum an enum.
  id: false,
} as const;

/**
 * For partial indexes: every text but the empty one, every time and every id. Unlike `$type`, a query for one value implies them,
 * so the index serves it.
 */
export const anyText = { $gt: "" };
export const anyTime = { $gt: new Date(0) };
export const anyId = { $gt: new Types.ObjectId("000000000000000000000000") };

/** A schema with version and times, for records that people change. Times come from the stack's clock, so they are set by services. */
export function recordSchema<T extends BaseRecord>(
  collection: string,
  fields: SchemaDefinition<SchemaDefinitionType<T>>,
): Schema<T> {
  const schema = new Schema<T>(fields, { ...options, collection });
  schema.add(base);
  return schema;
}

/** A schema without version and times, for logs, keys and marks that are written once. */
export function plainSchema<T>(
  collection: string,
  fields: SchemaDefinition<SchemaDefinitionType<T>>,
): Schema<T> {
  return new Schema<T>(fields, { ...options, collection });
}
