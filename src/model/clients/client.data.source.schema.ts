import { type BaseRecord, recordSchema } from "../record.schema";

/** Where a tenant's data lives. `version` rises with each rotation; containers re-read it within 60 s. */
export interface ClientDataSourceRecord extends BaseRecord {
  clientCode: string;
  kind: "mongodb";
  /** AES-256-GCM envelope; AAD binds collection, client and field. */
  uriEnvelope: string;
  dbName: string;
  /** Hash of the servers plus the database's name: no two clients may have the same. */
  place: string;
  state: "active" | "moving" | "retired";
  /** Names of the migrations that have run, for the report; the tenant's own record is the truth. */
  migrated: string[];
}

export const clientDataSourceSchema = recordSchema<ClientDataSourceRecord>("clientDataSources", {
  clientCode: { type: String, required: true },
  kind: { type: String, enum: ["mongodb"], required: true },
  uriEnvelope: { type: String, required: true },
  dbName: { type: String, required: true },
  place: { type: String, required: true },
  state: { type: String, enum: ["active", "moving", "retired"], default: "active" },
  migrated: { type: [String], default: [] },
});

clientDataSourceSchema.index({ clientCode: 1 }, { name: "code", unique: true });
clientDataSourceSchema.index({ place: 1 }, { name: "place", unique: true });
