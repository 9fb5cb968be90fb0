import { Schema } from "mongoose";
import type { AutomationLimits, Hours } from "../../contracts/hours.contract";
import { plainSchema } from "../record.schema";

/** What the tenant chose for itself; one document with the id `settings`. */
export interface TenantSettingsRecord {
  _id: "settings";
  version: number;
  name: string;
  timezone: string;
  locale: string;
  /** ISO 3166 country that local phone numbers are read in. */
  defaultCountry: string;
  currency: string;
  businessHours: Hours[];
  /** Local dates such as 2026-12-25. */
  holidays: string[];
  automation: AutomationLimits;
  updatedAt: Date;
}

export const tenantSettingsSchema = plainSchema<TenantSettingsRecord>("settings", {
  _id: { type: String, required: true },
  version: { type: Number, default: 1 },
  name: { type: String, required: true },
  timezone: { type: String, default: "UTC" },
  locale: { type: String, default: "en" },
  defaultCountry: { type: String, default: "GB" },
  currency: { type: String, default: "EUR" },
  businessHours: { type: Schema.Types.Mixed },
  holidays: { type: [String] },
  automation: { type: Schema.Types.Mixed },
  updatedAt: { type: Date, required: true },
});
