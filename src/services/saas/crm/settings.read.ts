import type { ClientSession } from "mongoose";
import type { CrmModels } from "../../../lib/tenant/get.crm.model";
import type { TenantSettingsRecord } from "../../../model/saas/tenant.settings.schema";

/** What holds until the tenant chooses; also what a new tenant's settings start with. */
export const defaultSettings = {
  name: "",
  timezone: "UTC",
  locale: "en",
  defaultCountry: "GB",
  currency: "EUR",
  businessHours: [{ days: [1, 2, 3, 4, 5], from: "09:00", to: "18:00" }],
  holidays: [],
  automation: { startsPerMinute: 1_000, frequencyCap: null },
} satisfies Omit<TenantSettingsRecord, "_id" | "version" | "updatedAt">;

/** The tenant's settings, inside a change or outside. */
export async function readSettings(
  { TenantSettings }: Pick<CrmModels, "TenantSettings">,
  session: ClientSession | null = null,
): Promise<TenantSettingsRecord> {
  return withDefaults(await TenantSettings.findById(settingsId).session(session).lean());
}

export const settingsId = "settings";

/** Settings as they were stored, with what a release added since, or with nothing stored at all. */
export function withDefaults(stored: Partial<TenantSettingsRecord> | null): TenantSettingsRecord {
  return { _id: settingsId, version: 0, updatedAt: new Date(0), ...defaultSettings, ...stored };
}
